import * as Reference from "@ociman/oci/Reference"
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as HashMap from "effect/HashMap"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as Stream from "effect/Stream"
import type { BuildRequest } from "../../BackendDriver.js"
import type { BuildFailed, EngineError } from "../../BackendError.js"
import type { HostedDriver } from "../contract/host.js"
import * as libraryLabels from "../contract/libraryLabels.js"
import type { Service } from "../contract/service.js"

type BuildError = BuildFailed | EngineError

/** Result of a running build; `None` if it was interrupted. */
type Running = Deferred.Deferred<Option.Option<Exit.Exit<boolean, BuildError>>>

/**
 * Builds labelled images. Concurrent requests for one image share a build.
 *
 * @internal
 */
export const derive = (driver: HostedDriver): Effect.Effect<Pick<Service, "builds" | "ensureImage">> =>
  Effect.map(Ref.make(HashMap.empty<string, Running>()), (running) => {
    const buildImage = (request: BuildRequest) =>
      driver.builds.build({ ...request, labels: libraryLabels.ofImage(request.labels) })

    const exists = (image: Reference.Reference) =>
      driver.images.inspect(image).pipe(
        Effect.as(true),
        Effect.catchTag("ImageNotFound", () => Effect.succeed(false))
      )

    const build = (request: BuildRequest) =>
      Effect.gen(function*() {
        yield* driver.host.lock(`${driver.engine.name} ${Reference.format(Reference.canonical(request.image))}`)
        if (yield* exists(request.image)) return false
        yield* Stream.runDrain(buildImage(request))
        return true
      }).pipe(Effect.scoped)

    const ensure = (request: BuildRequest) =>
      Effect.flatMap(exists(request.image), (present) => present ? Effect.succeed(false) : build(request))

    const lead = (key: string, mine: Running, request: BuildRequest, restore: Restore) =>
      Effect.flatMap(Effect.exit(restore(ensure(request))), (exit) => {
        const isInterrupted = Exit.isFailure(exit) && Cause.isInterrupted(exit.cause)
        return Ref.update(running, HashMap.remove(key)).pipe(
          Effect.zipRight(Deferred.succeed(mine, isInterrupted ? Option.none() : Option.some(exit))),
          Effect.zipRight(exit)
        )
      })

    // The other fiber has built the image, not this one.
    const follow = (other: Running, request: BuildRequest, restore: Restore): Effect.Effect<boolean, BuildError> =>
      Effect.flatMap(
        restore(Deferred.await(other)),
        Option.match({
          onNone: () => restore(ensureOnce(request)),
          onSome: Exit.as(false)
        })
      )

    const ensureOnce = (request: BuildRequest): Effect.Effect<boolean, BuildError> =>
      Effect.uninterruptibleMask((restore) =>
        Effect.gen(function*() {
          const key = Reference.format(Reference.canonical(request.image))
          const mine = yield* Deferred.make<Option.Option<Exit.Exit<boolean, BuildError>>>()
          const other = yield* Ref.modify(running, (map) =>
            Option.match(HashMap.get(map, key), {
              onNone: () => [Option.none(), HashMap.set(map, key, mine)] as const,
              onSome: (other) => [Option.some(other), map] as const
            }))
          return yield* Option.match(other, {
            onNone: () => lead(key, mine, request, restore),
            onSome: (other) => follow(other, request, restore)
          })
        })
      )

    return { builds: { build: buildImage }, ensureImage: ensureOnce }
  })

type Restore = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
