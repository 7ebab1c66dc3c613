/** Whether the tests run on an engine of an ordinary user: `OCIMAN_TEST_ENGINES` says so. */
export const rootless = process.env.OCIMAN_TEST_ENGINES?.split(",").includes("podman-rootless") ?? false
