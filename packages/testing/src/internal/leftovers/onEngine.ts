import * as CommandExecutor from "@effect/platform/CommandExecutor"
import * as Backend from "@ociman/containers/Backend"
import * as Effect from "effect/Effect"
import type { Options } from "../../Leftovers.js"
import { listNames } from "../engineClient.js"

/** @internal */
export const make = (options: Options) =>
  Effect.gen(function*() {
    const backend = yield* Backend.Backend
    const executor = yield* CommandExecutor.CommandExecutor
    const named = (kind: "volume" | "network") =>
      listNames(backend.engine, kind).pipe(
        Effect.map((names) => names.filter((name) => name.startsWith(options.namePrefix))),
        Effect.map((names) => names.map((name) => `${kind} ${name}`)),
        Effect.provideService(CommandExecutor.CommandExecutor, executor)
      )
    const containers = Effect.map(
      backend.containers.list(options.labels),
      (infos) => infos.map(({ id, name, state }) => `container ${name} (${state.status}) ${id}`)
    )
    const images = Effect.map(
      backend.images.list(options.labels),
      (infos) => infos.map(({ id, tags }) => `image ${tags.join(" ") || id}`)
    )
    const volumes = Effect.map(
      backend.volumes.list(options.labels),
      (infos) => infos.map(({ name }) => `volume ${name}`)
    )
    const networks = Effect.map(
      backend.networks.list(options.labels),
      (infos) => infos.map(({ name }) => `network ${name}`)
    )
    return Effect.map(
      Effect.all([containers, images, volumes, networks, named("volume"), named("network")], {
        concurrency: "unbounded"
      }),
      (things) => [...new Set(things.flat())]
    )
  })
