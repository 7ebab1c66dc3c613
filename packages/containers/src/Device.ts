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
 * Device of the host and its path in the container. The paths are absolute and without `:`.
 *
 * Without `container`, the device has the same path as on the host. `permissions` consists of `r`, `w` and `m` (mknod),
 * each at most once; the default is all three.
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
   * Path of a device in the container, and its permissions.
   *
   * @since 0.1.0
   * @category models
   */
  export interface Options {
    /** Path in the container. Default: that of the host. */
    readonly container?: string | undefined
    /** Letters of `rwm`. Default: all of them. */
    readonly permissions?: string | undefined
  }
}

/**
 * Describes a device of the host. Throws if a path or the permissions are invalid.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (host: string, { container, permissions }: Device.Options = {}): Device =>
  new Device({ host, ...present({ container, permissions }) })

/**
 * Formats the value of `--device`: `host`, `host:container` or `host:container:permissions`.
 *
 * @since 0.1.0
 * @category conversions
 */
export const format = ({ container, host, permissions }: typeof Device.Encoded): string => {
  if (permissions !== undefined) return `${host}:${container ?? host}:${permissions}`
  return container === undefined ? host : `${host}:${container}`
}

/**
 * Device in the notation of `--device`: `host`, `host:container`, `host:permissions` or `host:container:permissions`.
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
