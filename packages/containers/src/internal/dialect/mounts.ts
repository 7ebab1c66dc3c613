import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { ContainerInfo } from "../../ContainerInfo.js"
import type * as Engine from "../../Engine.js"
import * as containerPath from "../values/containerPath.js"

const orNull = <A, I>(schema: Schema.Schema<A, I>) => Schema.optional(Schema.NullOr(schema))

const Mounted = Schema.Struct({
  Mounts: orNull(Schema.Array(Schema.Struct({ Type: Schema.String, Destination: Schema.String }))),
  HostConfig: Schema.Struct({ Tmpfs: orNull(Schema.Record({ key: Schema.String, value: Schema.String })) })
})

const mountsOf = ({ raw }: ContainerInfo) =>
  Option.match(Schema.decodeUnknownOption(Mounted)(raw), {
    onNone: () => ({ volumes: [], memory: [] }),
    onSome: ({ HostConfig, Mounts }) => {
      const targets = (select: (type: string) => boolean) =>
        (Mounts ?? []).flatMap(({ Destination, Type }) => select(Type) ? [Destination] : [])
      return {
        volumes: targets((type) => type !== "tmpfs"),
        memory: [...Object.keys(HostConfig.Tmpfs ?? {}), ...targets((type) => type === "tmpfs")]
      }
    }
  })

/**
 * Paths of volumes and bind mounts in a container.
 *
 * @internal
 */
export const mountTargets = (info: ContainerInfo): ReadonlyArray<string> => mountsOf(info).volumes

/** @internal */
export const hasMemoryFileSystems = (info: ContainerInfo): boolean => mountsOf(info).memory.length > 0

/**
 * File system of the container that contains a path and is invisible to the
 * engine, which would copy to the directory below the mount, out of sight of the
 * container. Docker never sees the memory file systems of a container, Podman
 * sees them while the container runs.
 *
 * @internal
 */
export const hidingFileSystem = (engine: Engine.Engine, info: ContainerInfo, path: string): string | undefined => {
  const { memory, volumes } = mountsOf(info)
  const isVisible = engine.name === "podman" && info.state.status === "running"
  const innermost = (targets: ReadonlyArray<string>) =>
    targets
      .filter((target) => containerPath.isWithin(path, target))
      .reduce((longest, target) => target.length > longest.length ? target : longest, "")
  const hidden = innermost([...containerPath.kernelFileSystems, ...(isVisible ? [] : ["/dev", ...memory])])
  return hidden.length > innermost(volumes).length ? hidden : undefined
}
