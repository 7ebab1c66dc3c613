/**
 * Names of containers.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { name, refined } from "./internal/values/text.js"

/**
 * The name of a container: a letter or a digit of ASCII, then letters, digits, `_`, `.` and `-`, 2 to 256 characters.
 *
 * Docker wants two characters, where Podman is content with one. Neither has a maximum; 256 is enough for a name, and
 * keeps it out of the way of other limits.
 *
 * @see https://github.com/moby/moby/blob/v20.10.24/daemon/names/names.go
 * @since 0.1.0
 * @category schemas
 */
export const ContainerName = refined("ContainerName", "container name", name(256)).pipe(
  Schema.brand("@ociman/containers/ContainerName")
)

/**
 * The name of a container.
 *
 * @since 0.1.0
 * @category models
 */
export type ContainerName = typeof ContainerName.Type

/**
 * The name of a container. Throws where it breaks the rule of {@link ContainerName}.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: (name: string) => ContainerName = Schema.decodeSync(ContainerName)
