/**
 * Names of containers.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { name, refined } from "./internal/values/text.js"

/**
 * Name of a container: an ASCII letter or digit, then letters, digits, `_`, `.` and `-`; 2 to 256 characters.
 *
 * Docker requires two characters, Podman one. Neither has a maximum; 256 stays below other limits.
 *
 * @see https://github.com/moby/moby/blob/v20.10.24/daemon/names/names.go
 * @since 0.1.0
 * @category schemas
 */
export const ContainerName = refined("ContainerName", "container name", name(256)).pipe(
  Schema.brand("@ociman/containers/ContainerName")
)

/**
 * Name of a container.
 *
 * @since 0.1.0
 * @category models
 */
export type ContainerName = typeof ContainerName.Type

/**
 * Creates the name of a container. Throws if it is not a {@link ContainerName}.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: (name: string) => ContainerName = Schema.decodeSync(ContainerName)
