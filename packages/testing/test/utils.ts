import { accessSync, constants, realpathSync } from "node:fs"
import { delimiter, join } from "node:path"

/** Whether the tests run on an engine of an ordinary user: `OCIMAN_TEST_ENGINES` says so. */
export const rootless = process.env.OCIMAN_TEST_ENGINES?.split(",").includes("podman-rootless") ?? false

const isExecutable = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** Every file of that name on `PATH`, in its order, each only once. */
export const allOnPath = (name: string): ReadonlyArray<string> => {
  const paths = (process.env.PATH ?? "").split(delimiter).map((directory) => join(directory, name)).filter(isExecutable)
  return paths.filter((path, index) => paths.findIndex((other) => realpathSync(other) === realpathSync(path)) === index)
}
