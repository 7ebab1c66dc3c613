/**
 * Properties of a volume, decoded from the answer of Docker or Podman, which is kept in `raw`.
 *
 * @since 0.1.0
 */
import type * as DateTime from "effect/DateTime"
import type * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { name, refined } from "./internal/values/text.js"

/**
 * Name of a volume: an ASCII letter or digit, then letters, digits, `_`, `.` and `-`; 2 to 255 characters.
 *
 * @see https://github.com/moby/moby/blob/v20.10.24/volume/local/local.go
 * @since 0.1.0
 * @category schemas
 */
export const Name = refined("VolumeName", "volume name", name(255)).pipe(
  Schema.brand("@ociman/containers/VolumeInfo/Name")
)

/**
 * Name of a volume.
 *
 * @since 0.1.0
 * @category models
 */
export type Name = typeof Name.Type

/**
 * Properties of a volume.
 *
 * @since 0.1.0
 * @category models
 */
export interface VolumeInfo {
  readonly name: string
  readonly driver: string
  /** Path on the engine's machine; `None` if the driver does not report it. */
  readonly mountpoint: Option.Option<string>
  readonly created: Option.Option<DateTime.Utc>
  readonly labels: Readonly<Record<string, string>>
  readonly driverOptions: Readonly<Record<string, string>>
  /** Answer of the engine, as JSON. */
  readonly raw: unknown
}
