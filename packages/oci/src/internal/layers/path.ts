/**
 * Components of a path in a layer, none for the root. Leading slashes and `.` components are dropped. `undefined` for a
 * path that is empty or contains `..` or a NUL.
 */
export const partsOf = (path: string): ReadonlyArray<string> | undefined => {
  if (path === "" || path.includes("\0")) return undefined
  const parts = path.split("/").filter((part) => part !== "" && part !== ".")
  return parts.includes("..") ? undefined : parts
}

export const join = (directory: string, name: string): string => directory === "" ? name : `${directory}/${name}`

export const parentOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf("/")))

export const nameOf = (path: string): string => path.slice(path.lastIndexOf("/") + 1)
