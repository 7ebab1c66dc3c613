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

interface Context {
  readonly driver: HostedDriver
  /** Running builds by canonical reference. */
  readonly running: Ref.Ref<HashMap.HashMap<string, Running>>
}

type Restore = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>

/**
 * Builds labelled images. Concurrent requests for one image share a build.
 *
 * @internal
 */
export const derive = (driver: HostedDriver): Effect.Effect<Pick<Service, "builds" | "ensureImage">> =>
  Effect.map(Ref.make(HashMap.empty<string, Running>()), (running) => ({
    builds: { build: (request) => build(driver, request) },
    ensureImage: (request) => ensureOnce({ driver, running }, request)
  }))

const build = (driver: HostedDriver, request: BuildRequest) =>
  driver.builds.build({ ...request, labels: libraryLabels.ofImage(request.labels) })

const keyOf = (request: BuildRequest) => Reference.format(Reference.canonical(request.image))

/** Builds the image, unless this process has started a build of it already; then awaits that build. */
const ensureOnce = (context: Context, request: BuildRequest): Effect.Effect<boolean, BuildError> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.gen(function*() {
      const key = keyOf(request)
      const mine = yield* Deferred.make<Option.Option<Exit.Exit<boolean, BuildError>>>()
      const other = yield* Ref.modify(context.running, (running) =>
        Option.match(HashMap.get(running, key), {
          onNone: () => [Option.none(), HashMap.set(running, key, mine)] as const,
          onSome: (other) => [Option.some(other), running] as const
        }))
      return yield* Option.match(other, {
        onNone: () => lead(context, mine, request, restore),
        onSome: (other) => follow(context, other, request, restore)
      })
    })
  )

const lead = ({ driver, running }: Context, mine: Running, request: BuildRequest, restore: Restore) =>
  Effect.flatMap(Effect.exit(restore(ensure(driver, request))), (exit) => {
    const isInterrupted = Exit.isFailure(exit) && Cause.isInterrupted(exit.cause)
    return Ref.update(running, HashMap.remove(keyOf(request))).pipe(
      Effect.zipRight(Deferred.succeed(mine, isInterrupted ? Option.none() : Option.some(exit))),
      Effect.zipRight(exit)
    )
  })

const follow = (
  context: Context,
  other: Running,
  request: BuildRequest,
  restore: Restore
): Effect.Effect<boolean, BuildError> =>
  Effect.flatMap(
    restore(Deferred.await(other)),
    Option.match({
      onNone: () => restore(ensureOnce(context, request)),
      // The other fiber has built the image, not this one.
      onSome: Exit.as(false)
    })
  )

const ensure = (driver: HostedDriver, request: BuildRequest) =>
  Effect.flatMap(
    exists(driver, request.image),
    (present) => present ? Effect.succeed(false) : buildLocked(driver, request)
  )

const exists = (driver: HostedDriver, image: Reference.Reference) =>
  driver.images.inspect(image).pipe(
    Effect.as(true),
    Effect.catchTag("ImageNotFound", () => Effect.succeed(false))
  )

/** Builds the image, unless another process has done so while this one waited for the lock. */
const buildLocked = (driver: HostedDriver, request: BuildRequest) =>
  Effect.gen(function*() {
    yield* driver.host.lock(`${driver.engine.name} ${keyOf(request)}`)
    if (yield* exists(driver, request.image)) return false
    yield* Stream.runDrain(build(driver, request))
    return true
  }).pipe(Effect.scoped)
