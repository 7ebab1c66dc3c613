import { accessSync, constants, realpathSync } from "node:fs"
import { delimiter, join } from "node:path"

/** True if `OCIMAN_TEST_ENGINES` selects a rootless engine. */
export const rootless = process.env.OCIMAN_TEST_ENGINES?.split(",").includes("podman-rootless") ?? false

const isExecutable = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** All executables of that name on `PATH`, in its order, without duplicates. */
export const allOnPath = (name: string): ReadonlyArray<string> => {
  const paths = (process.env.PATH ?? "").split(delimiter).map((directory) => join(directory, name)).filter(isExecutable)
  return paths.filter((path, index) => paths.findIndex((other) => realpathSync(other) === realpathSync(path)) === index)
}
