import * as Option from "effect/Option"

/**
 * Normalises a path in a container: single slashes, no `.` and `..`; `None` if it is not absolute.
 *
 * @internal
 */
export const normalize = (path: string): Option.Option<string> => {
  if (!path.startsWith("/") || path.includes("\0")) return Option.none()
  const parts: Array<string> = []
  for (const part of path.split("/")) {
    if (part === "..") parts.pop()
    else if (part !== "" && part !== ".") parts.push(part)
  }
  return Option.some(`/${parts.join("/")}`)
}

/** @internal */
export const parent = (path: string): string => path.slice(0, Math.max(1, path.lastIndexOf("/")))

/** @internal */
export const baseName = (path: string): string => path.slice(path.lastIndexOf("/") + 1)

/** @internal */
export const join = (directory: string, name: string): string => directory === "/" ? `/${name}` : `${directory}/${name}`

/**
 * Virtual file systems of the kernel.
 *
 * @internal
 */
export const kernelFileSystems: ReadonlyArray<string> = ["/proc", "/sys"]

/**
 * Files over which engines mount their own when a container starts.
 *
 * @internal
 */
export const engineFiles: ReadonlyArray<string> = ["/etc/hosts", "/etc/hostname", "/etc/resolv.conf"]

/** @internal */
export const isWithin = (path: string, directory: string): boolean =>
  path === directory || directory === "/" || path.startsWith(`${directory}/`)
