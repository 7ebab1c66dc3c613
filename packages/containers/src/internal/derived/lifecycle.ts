import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { ContainerNotFound, EngineFailed, RunFailed } from "../../BackendError.js"
import type * as ContainerId from "../../ContainerId.js"
import * as ContainerName from "../../ContainerName.js"
import * as Definition from "../../Definition.js"
import type * as Exec from "../../Exec.js"
import type { HostedDriver } from "../contract/host.js"
import * as libraryLabels from "../contract/libraryLabels.js"
import type { Service } from "../contract/service.js"
import type { RunOptions } from "../model/container.js"
import { modify } from "../model/definition.js"
import { capture, defaultOutputLimit, untilExit } from "../model/processEvents.js"
import * as redactedErrors from "../model/redactedErrors.js"
import { inFinalizer } from "../values/inFinalizer.js"
import { makeHandle } from "./containerHandle.js"
import { forkedScope, isKey, ownedBy, randomHex, withinLimit } from "./creation.js"
import { networks } from "./networks.js"
import { describing } from "./startErrors.js"
import { placeFiles } from "./upload.js"
import { volumes } from "./volumes.js"

const scopeGrace = Duration.seconds(1)

const removalLimit = Duration.seconds(30)

/**
 * What is known of a container that is being created, kept from before the
 * engine is asked so that a finalizer can remove whatever came of it.
 *
 * @internal
 */
export type Creation =
  | { readonly _tag: "Nothing" }
  | { readonly _tag: "Asked"; readonly name: ContainerName.ContainerName; readonly token: string }
  | { readonly _tag: "Created"; readonly id: ContainerId.ContainerId; readonly hasEnded?: boolean }

interface Attempt {
  readonly creation: Ref.Ref<Creation>
  readonly lifetime: libraryLabels.Made["lifetime"]
}

/** A container that was created, and its name. */
interface Created {
  readonly id: ContainerId.ContainerId
  readonly name: ContainerName.ContainerName
}

const nothing: Creation = { _tag: "Nothing" }

/** @internal */
export const derive = Effect.fnUntraced(function*(driver: HostedDriver) {
  const session = yield* randomHex
  const resources = { ...networks(driver, session), ...volumes(driver, session) }
  const annotations = { engine: driver.engine.name }

  const createAs = (
    definition: Definition.Definition,
    name: ContainerName.ContainerName,
    { creation, lifetime }: Attempt
  ) =>
    Effect.uninterruptible(Effect.gen(function*() {
      const token = yield* randomHex
      yield* Ref.set(creation, { _tag: "Asked", name, token })
      const labelled = Definition.labels(
        definition,
        libraryLabels.of(driver.host, { session, creation: token, lifetime })
      )
      const exit = yield* withinLimit(
        driver.engine,
        "Container.create",
        driver.containers.create(labelled, name)
      )
      yield* Ref.set(
        creation,
        Exit.match(exit, {
          onSuccess: (id): Creation => ({ _tag: "Created", id }),
          onFailure: (cause): Creation =>
            cause._tag === "Fail" && (cause.error._tag === "NameInUse" || cause.error._tag === "ImageNotFound")
              ? nothing
              : { _tag: "Asked", name, token }
        })
      )
      const created: Created = { id: yield* exit, name }
      return created
    }))

  const createNamed = (definition: Definition.Definition, attempt: Attempt) =>
    Option.match(definition.name, {
      onSome: (name) => createAs(definition, name, attempt),
      onNone: () =>
        randomHex.pipe(
          Effect.flatMap((hex) => createAs(definition, ContainerName.make(`ociman-${hex}`), attempt)),
          Effect.retry({ times: 3, while: (error) => error._tag === "NameInUse" })
        )
    })

  const pull = (definition: Definition.Definition) =>
    Stream.runDrain(
      driver.images.pull(definition.image, { platform: definition.platform, credentials: Option.none() })
    )

  const create = (definition: Definition.Definition, attempt: Attempt) => {
    const created = createNamed(definition, attempt)
    switch (definition.pullPolicy) {
      case "always":
        return Effect.zipRight(pull(definition), created)
      case "missing":
        return Effect.catchTag(created, "ImageNotFound", () => Effect.zipRight(pull(definition), created))
      case "never":
        return created
    }
  }

  const discard = (creation: Ref.Ref<Creation>, grace: Duration.Duration) =>
    Ref.get(creation).pipe(
      Effect.flatMap((state) => {
        switch (state._tag) {
          case "Nothing":
            return Effect.void
          case "Created":
            return driver.containers.remove(state.id, {
              force: true,
              volumes: true,
              grace: state.hasEnded === true ? Duration.zero : grace
            })
          case "Asked":
            return Effect.flatMap(driver.containers.inspect(state.name), (info) =>
              libraryLabels.creationOf(info.labels) === state.token
                ? driver.containers.remove(info.id, { force: true, volumes: true, grace: Duration.zero })
                : Effect.void)
        }
      }),
      Effect.catchTag("ContainerNotFound", () =>
        Effect.void),
      Effect.interruptible,
      Effect.timeoutFail({
        duration: Duration.sum(grace, removalLimit),
        onTimeout: () =>
          "the engine did not answer in time"
      }),
      inFinalizer,
      Effect.catchAllCause((cause) =>
        Effect.flatMap(Ref.get(creation), (state) =>
          Effect.annotateLogs(
            Effect.logWarning("A container could not be removed", cause),
            {
              ...annotations,
              container: state._tag === "Created" ? state.id : state._tag === "Asked" ? state.name : ""
            }
          ))
      )
    )

  const createScoped = Effect.fnUntraced(function*(
    definition: Definition.Definition,
    grace: Duration.Duration,
    lifetime: Attempt["lifetime"] = "scope"
  ) {
    const creation = yield* Ref.make<Creation>(nothing)
    yield* Effect.addFinalizer(() => discard(creation, grace))
    const { id, name } = yield* create(definition, { creation, lifetime })
    yield* placeFiles(driver, id, definition)
    return { id, creation, describing: describing(driver, id, nameAndImage(name, definition)) }
  })

  const handle = (id: ContainerId.ContainerId) => makeHandle(driver, id, Effect.void)

  const attributes = (definition: Definition.Definition) => ({
    ...annotations,
    image: definition.image.toString()
  })

  const created = Effect.fnUntraced(function*(definition: Definition.Definition, lifetime: Attempt["lifetime"]) {
    const grace = Option.getOrElse(definition.stopTimeout, () => scopeGrace)
    const { creation, describing, id } = yield* createScoped(definition, grace, lifetime)
    yield* Effect.annotateCurrentSpan({ container: id })
    return { container: makeHandle(driver, id, Ref.set(creation, nothing), definition.environment), describing }
  })

  const started = (definition: Definition.Definition, lifetime: Attempt["lifetime"]) =>
    Effect.flatMap(
      created(definition, lifetime),
      ({ container, describing }) =>
        driver.containers.start(container.id).pipe(Effect.catchTags(describing), Effect.as(container))
    )

  const startIn = <R>(
    scope: Effect.Effect<Scope.CloseableScope, never, R>,
    definition: Definition.Definition,
    lifetime: Attempt["lifetime"]
  ) =>
    ownedBy(scope, started(definition, lifetime)).pipe(
      Effect.withSpan("Backend.start", { captureStackTrace: false, attributes: attributes(definition) })
    )

  const createOnly: Service["create"] = (definition) =>
    ownedBy(forkedScope, Effect.map(created(definition, "scope"), ({ container }) => container)).pipe(
      Effect.withSpan("Backend.create", { captureStackTrace: false, attributes: attributes(definition) })
    )

  const start: Service["start"] = (definition) => startIn(forkedScope, definition, "scope")

  // Nobody but the caller will close it.
  const launch: Service["launch"] = (definition) => startIn(Scope.make(), definition, "kept")

  const runEvents = (
    definition: Definition.Definition,
    options: RunOptions,
    onExit: (id: ContainerId.ContainerId, exitCode: number) => Effect.Effect<void>
  ) =>
    Stream.unwrapScoped(Effect.gen(function*() {
      const stdin = Option.fromNullable(options.stdin)
      if (definition.tty && Option.isSome(stdin)) {
        return yield* new EngineFailed({
          engine: driver.engine.name,
          operation: "Container.run",
          reason: "InvalidDefinition",
          detail:
            "A container with a terminal is fed from a terminal only: it has either `Definition.tty` or the option `stdin`."
        })
      }
      const foreground = Option.isSome(stdin) ? Definition.interactive(definition) : definition
      const { creation, describing, id } = yield* createScoped(
        // It ends with its first run.
        modify(foreground, { autoRemove: false, restartPolicy: Option.none() }),
        Option.getOrElse(definition.stopTimeout, () => scopeGrace)
      )
      return driver.containers.startAttached(id, stdin).pipe(
        Stream.tap((event) =>
          event.source === "exit"
            ? Effect.zipRight(Ref.set(creation, { _tag: "Created", id, hasEnded: true }), onExit(id, event.exitCode))
            : Effect.void
        ),
        Stream.catchTags({
          PortTaken: (error) => Stream.fromEffect(describing.PortTaken(error)),
          StartFailed: (error) => Stream.fromEffect(describing.StartFailed(error))
        })
      )
    }))

  /** The events of a run, and its failure if the process failed: why it did is found out before the container is removed. */
  const judged = (definition: Definition.Definition, options: RunOptions) =>
    Effect.map(Ref.make(false), (outOfMemory) => {
      const isAccepted = (exitCode: number) => exitCode === 0 || options.anyExitCode === true
      const onExit = (id: ContainerId.ContainerId, exitCode: number) =>
        isAccepted(exitCode) ? Effect.void : driver.containers.inspect(id).pipe(
          Effect.flatMap(({ state }) => Ref.set(outOfMemory, state.outOfMemory)),
          Effect.ignore
        )
      const check = ({ exitCode, stderr, stdout }: Exec.Result) =>
        isAccepted(exitCode) ? Effect.void : Effect.flatMap(
          Ref.get(outOfMemory),
          (outOfMemory) => new RunFailed({ image: definition.image.toString(), exitCode, outOfMemory, stderr, stdout })
        )
      return { check, events: runEvents(definition, options, onExit) }
    })

  const run: Service["run"] = (definition, options = {}) =>
    judged(definition, options).pipe(
      Effect.flatMap(({ check, events }) =>
        Effect.tap(capture(events, options.outputLimit ?? defaultOutputLimit), check)
      ),
      Effect.mapError(redactedErrors.make(definition.environment).ofRun),
      Effect.withSpan("Backend.run", { captureStackTrace: false, attributes: attributes(definition) })
    )

  const runStream: Service["runStream"] = (definition, options = {}) =>
    Stream.unwrap(Effect.map(judged(definition, options), ({ check, events }) => untilExit(events, check))).pipe(
      Stream.mapError(redactedErrors.make(definition.environment).ofRun)
    )

  const attach: Service["attach"] = (container) =>
    isKey(container)
      ? driver.containers.inspect(container).pipe(
        Effect.map((info) => handle(info.id)),
        Effect.withSpan("Backend.attach", { captureStackTrace: false, attributes: { ...annotations, container } })
      )
      : new ContainerNotFound({ container })

  return { create: createOnly, start, launch, run, runStream, attach, ...resources }
})

const nameAndImage = (containerName: string, definition: Definition.Definition) => ({
  containerName,
  image: definition.image.toString()
})
