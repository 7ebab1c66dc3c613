/**
 * Devices of the host in a container.
 *
 * @since 0.1.0
 */
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import { absolutePath, each, firstOf, fromString, present, refined } from "./internal/values/text.js"

const path = refined(
  "DevicePath",
  "device path",
  firstOf(absolutePath, each((char) => char !== ":", "it separates the parts of --device"))
)

const isPermissions = (text: string): boolean => /^[rwm]{1,3}$/.test(text) && new Set(text).size === text.length

/**
 * A device of the host and where it is in the container. The paths are absolute and without `:`.
 *
 * Without `container` it has the same path as on the host. `permissions` are of `r`, `w` and `m` (make nodes), each at
 * most once; without them the container has all three.
 *
 * @since 0.1.0
 * @category models
 */
export class Device extends Schema.Class<Device>("@ociman/containers/Device")({
  host: path,
  container: Schema.optionalWith(path, { exact: true }),
  permissions: Schema.optionalWith(
    refined(
      "DevicePermissions",
      "device permissions",
      (text) => isPermissions(text) ? undefined : "they are of \"r\", \"w\" and \"m\", each at most once"
    ),
    { exact: true }
  )
}) {}

/**
 * @since 0.1.0
 */
export declare namespace Device {
  /**
   * Where a device is in the container, and what may be done with it.
   *
   * @since 0.1.0
   * @category models
   */
  export interface Options {
    /** Its path in the container, that of the host if left out. */
    readonly container?: string | undefined
    /** Of `r`, `w` and `m`; all of them if left out. */
    readonly permissions?: string | undefined
  }
}

/**
 * A device of the host. Throws where a path or the permissions break their rule.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (host: string, { container, permissions }: Device.Options = {}): Device =>
  new Device({ host, ...present({ container, permissions }) })

/**
 * The value of `--device`: `host`, `host:container` or `host:container:permissions`.
 *
 * @since 0.1.0
 * @category conversions
 */
export const format = ({ container, host, permissions }: typeof Device.Encoded): string => {
  if (permissions !== undefined) return `${host}:${container ?? host}:${permissions}`
  return container === undefined ? host : `${host}:${container}`
}

/**
 * A device as `--device` takes it: `host`, `host:container`, `host:permissions` or `host:container:permissions`.
 *
 * @since 0.1.0
 * @category schemas
 */
export const FromString: Schema.Schema<Device, string> = fromString({
  identifier: "DeviceFromString",
  what: "device",
  to: Device,
  parse: (text) => {
    const [host, second, permissions, ...rest] = text.split(":")
    if (rest.length > 0) return Either.left("it has more than three parts")
    return Either.right({
      host,
      ...(second !== undefined && permissions === undefined && isPermissions(second)
        ? { permissions: second }
        : present({ container: second, permissions }))
    })
  },
  format
})
