import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { BackendDriver } from "../../BackendDriver.js"
import { Unsupported } from "../../BackendError.js"
import type { Definition } from "../../Definition.js"
import type * as Engine from "../../Engine.js"

/**
 * The same driver; operations and definitions that need a capability which the
 * engine lacks fail with `Unsupported` before the engine is asked.
 *
 * @internal
 */
export const checked = (driver: BackendDriver): BackendDriver => {
  const { builds, containers, engine, images, networks, volumes } = driver
  const { capabilities } = engine
  const unsupported = (capability: Engine.Capability, operation: string) =>
    new Unsupported({ engine: engine.name, capability, hint: `${operation} needs it.` })
  const failing = (capability: Engine.Capability, operation: string) => () => unsupported(capability, operation)
  const failingStream = (capability: Engine.Capability, operation: string) => () =>
    Stream.fail(unsupported(capability, operation))
  return {
    ...driver,
    containers: replaced(containers, {
      create: (definition, name) =>
        Option.match(missingFor(engine, definition), {
          onNone: () => containers.create(definition, name),
          onSome: Effect.fail
        }),
      ...(capabilities.pause ? {} : {
        pause: failing("pause", "Container.pause"),
        unpause: failing("pause", "Container.unpause")
      }),
      ...(capabilities.rename ? {} : { rename: failing("rename", "Container.rename") }),
      ...(capabilities.restart ? {} : { restart: failing("restart", "Container.restart") }),
      ...(capabilities.commit ? {} : { commit: failing("commit", "Container.commit") }),
      ...(capabilities.stats ? {} : { stats: failingStream("stats", "Container.stats") })
    }),
    images: replaced(images, {
      ...(capabilities.push ? {} : { push: failingStream("push", "Image.push") }),
      ...(capabilities.tag ? {} : { tag: failing("tag", "Image.tag") }),
      ...(capabilities.archives ? {} : {
        load: failing("archives", "Image.load"),
        save: failingStream("archives", "Image.save"),
        import: failing("archives", "Image.import")
      })
    }),
    builds: capabilities.build ? builds : { build: failingStream("build", "Build.build") },
    networks: replaced(networks, {
      ...(capabilities.networks ? {} : {
        create: failing("networks", "Network.make"),
        connect: failing("networks", "Network.connect"),
        disconnect: failing("networks", "Network.disconnect")
      })
    }),
    volumes: replaced(volumes, capabilities.volumes ? {} : { create: failing("volumes", "Volume.make") })
  }
}

// A spread would lose the operations of a theme that is a proxy, as those of a test double.
const replaced = <Theme extends object>(theme: Theme, operations: Partial<Theme>): Theme =>
  new Proxy(theme, {
    get: (target, name, receiver) => Reflect.get(name in operations ? operations : target, name, receiver)
  })

const needs: ReadonlyArray<{
  readonly capability: Engine.Capability
  readonly combinator: string
  readonly isUsed: (definition: Definition) => boolean
}> = [
  {
    capability: "networks",
    combinator: "Definition.network",
    isUsed: ({ network }) => Option.exists(network, (name) => name !== "none" && name !== "host")
  },
  {
    capability: "hostFiles",
    combinator: "Mount.bind",
    isUsed: ({ mounts }) => mounts.some(({ _tag }) => _tag === "Bind")
  },
  {
    capability: "volumes",
    combinator: "Mount.volume",
    isUsed: ({ mounts }) => mounts.some((mount) => mount._tag === "Volume" && mount.source !== undefined)
  },
  { capability: "hostSecurity", combinator: "Definition.privileged", isUsed: ({ privileged }) => privileged },
  { capability: "hostSecurity", combinator: "Definition.device", isUsed: ({ devices }) => devices.length > 0 },
  { capability: "hostSecurity", combinator: "Definition.ulimit", isUsed: ({ ulimits }) => ulimits.length > 0 },
  {
    capability: "hostSecurity",
    combinator: "Definition.addCapability",
    isUsed: ({ addedCapabilities }) => addedCapabilities.length > 0
  },
  {
    capability: "hostSecurity",
    combinator: "Definition.dropCapability",
    isUsed: ({ droppedCapabilities }) => droppedCapabilities.length > 0
  },
  {
    capability: "hostSecurity",
    combinator: "Definition.securityOption",
    isUsed: ({ securityOptions }) => securityOptions.length > 0
  }
]

const missingFor = ({ capabilities, name }: Engine.Engine, definition: Definition): Option.Option<Unsupported> =>
  Option.map(
    Arr.findFirst(needs, ({ capability, isUsed }) => !capabilities[capability] && isUsed(definition)),
    ({ capability, combinator }) =>
      new Unsupported({
        engine: name,
        capability,
        hint: `the definition uses ${combinator}; leave that out, or use an engine that has the capability.`
      })
  )
