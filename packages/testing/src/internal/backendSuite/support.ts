import type * as CommandExecutor from "@effect/platform/CommandExecutor"
import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import { assert, type Vitest } from "@effect/vitest"
import * as Backend from "@ociman/containers/Backend"
import * as BackendError from "@ociman/containers/BackendError"
import * as Container from "@ociman/containers/Container"
import * as Definition from "@ociman/containers/Definition"
import type * as Engine from "@ociman/containers/Engine"
import * as Exec from "@ociman/containers/Exec"
import * as Label from "@ociman/containers/Label"
import * as Reference from "@ociman/oci/Reference"
import * as Arr from "effect/Array"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as HashMap from "effect/HashMap"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import type * as Option from "effect/Option"
import type * as Predicate from "effect/Predicate"
import type * as Scope from "effect/Scope"
import * as TestImage from "../../TestImage.js"
import { pruneImages } from "../engineClient.js"
import { randomHex } from "../random.js"

/** @internal */
export type Services =
  | Backend.Backend
  | CommandExecutor.CommandExecutor
  | FileSystem.FileSystem
  | Path.Path
  | TestImage.TestImage
  | Shared

/**
 * An idle container shared by the tests that do not change its state.
 *
 * @internal
 */
export class Shared
  extends Context.Tag("@ociman/testing/internal/backendSuite/support/Shared")<Shared, Container.Container>()
{}

/** @internal */
export const layerShared = (run: Run) =>
  Layer.scoped(Shared, Effect.flatMap(TestImage.TestImage, () => Container.start(definitions(run.image).idle)))

/**
 * Removes images that builders cached for failed or repeated builds when the layer is released.
 *
 * @internal
 */
export const layerPruned = ({ label }: Run) =>
  Layer.scopedDiscard(
    Effect.flatMap(Backend.Backend, ({ engine }) =>
      Effect.addFinalizer(() => Effect.ignoreLogged(pruneImages(engine, label))))
  )

/** @internal */
export interface Options {
  readonly processes: boolean
  readonly pause: boolean
  readonly networking: boolean
  readonly ipv6: boolean
  readonly resources: boolean
  readonly rootless: boolean
  readonly timeout: Duration.DurationInput
}

/**
 * One run of the suite, and the label and name prefix that identify its resources.
 *
 * @internal
 */
export interface Run {
  readonly options: Options
  readonly label: Label.Equals
  readonly namePrefix: string
  readonly image: Reference.Reference
}

/** @internal */
export interface Definitions {
  /** A container that runs until SIGTERM and then stops immediately. */
  readonly idle: Definition.Definition
  /** A container that runs a shell script. */
  readonly script: (text: string, ...args: ReadonlyArray<string>) => Definition.Definition
}

/** @internal */
export interface Suite extends Run, Definitions {
  /**
   * Defines a test. On an engine that lacks a capability which the test needs, it must fail with `Unsupported` instead.
   */
  readonly test: <E>(
    name: string,
    body: Effect.Effect<void, E, Services | Scope.Scope>,
    needs?: ReadonlyArray<Engine.Capability>
  ) => void
  /** A unique name with the prefix of the run. */
  readonly uniqueName: Effect.Effect<string>
  /** The same definitions with another image. */
  readonly of: (image: Reference.Reference) => Definitions
}

/**
 * Creates a run; each omitted option has the default documented by `BackendSuite.Options`.
 *
 * @internal
 */
export const makeRun = (
  {
    ipv6,
    networking,
    pause = true,
    processes = true,
    resources = true,
    rootless = false,
    timeout = "3 minutes"
  }: { readonly [Name in keyof Options]?: Options[Name] | undefined }
): Effect.Effect<Run> =>
  Effect.map(randomHex, (id) => ({
    options: {
      processes,
      pause,
      networking: networking ?? processes,
      ipv6: ipv6 ?? networking ?? processes,
      resources,
      rootless,
      timeout
    },
    label: Label.equals("ociman.test", id),
    namePrefix: `ociman-test-${id}-`,
    image: Reference.make(`localhost/ociman/test-suite:${id}`)
  }))

const definitions = (image: Reference.Reference): Definitions => {
  const base = Definition.pullPolicy(Definition.make(image), "never")
  const script = (text: string, ...args: ReadonlyArray<string>) =>
    Definition.command(base, "sh", "-c", text, "sh", ...args)
  return { script, idle: script(idleScript) }
}

/** @internal */
export const makeSuite = (run: Run, it: Vitest.MethodsNonLive<Services, true>): Suite => ({
  ...run,
  ...definitions(run.image),
  of: definitions,
  test: (name, body, needs = []) =>
    it.scoped(name, () => withCapabilities(needs, body), { timeout: millis(run.options.timeout) }),
  uniqueName: Effect.map(randomHex, (hex) => `${run.namePrefix}${hex}`)
})

const withCapabilities = <E>(
  needs: ReadonlyArray<Engine.Capability>,
  body: Effect.Effect<void, E, Services | Scope.Scope>
) =>
  Effect.flatMap(Backend.Backend, ({ engine }) => {
    const missing = needs.filter((capability) => !engine.capabilities[capability])
    return missing.length === 0
      ? Effect.asVoid(body)
      : Effect.flatMap(Effect.flip(body), (error) =>
        Effect.sync(() => {
          assert.instanceOf(error, BackendError.Unsupported)
          assert.include(missing, error.capability)
        }))
  })

/** @internal */
export const idleScript = "trap 'exit 0' TERM; sleep 86400 & wait"

/** @internal */
export const millis = (duration: Duration.DurationInput): number => Duration.toMillis(duration)

/**
 * Returns the error of an effect that must fail with the given tag. Other errors remain failures.
 *
 * @internal
 */
export const failsWith = <A, E extends { readonly _tag: string }, R, Tag extends E["_tag"]>(
  effect: Effect.Effect<A, E, R>,
  tag: Tag
): Effect.Effect<Extract<E, { readonly _tag: Tag }>, E, R> => {
  const isExpected = (error: E): error is Extract<E, { readonly _tag: Tag }> => error._tag === tag
  return Effect.matchEffect(effect, {
    onFailure: (error) => isExpected(error) ? Effect.succeed(error) : Effect.fail(error),
    onSuccess: () => Effect.sync(() => assert.fail(`succeeded instead of failing with ${tag}`))
  })
}

/**
 * Returns `None` if the name is in use. Other errors remain failures.
 *
 * @internal
 */
export const unlessNameInUse = <A, E extends { readonly _tag: string }, R>(
  effect: Effect.Effect<A, E, R>
): Effect.Effect<Option.Option<A>, Exclude<E, Extract<E, BackendError.NameInUse>>, R> => {
  const isNameInUse = (error: E): error is Extract<E, BackendError.NameInUse> => error._tag === "NameInUse"
  return Effect.catchIf(Effect.asSome(effect), isNameInUse, () => Effect.succeedNone)
}

/**
 * Repeats an effect until its result satisfies the predicate. Fails the test after 30 seconds.
 *
 * @internal
 */
export const eventually = <A, E, R>(
  effect: Effect.Effect<A, E, R>,
  isExpected: Predicate.Predicate<A>
): Effect.Effect<A, E, R> =>
  Effect.suspend(() => {
    let last: unknown
    return effect.pipe(
      Effect.tap((answer) => {
        last = answer
        return isExpected(answer) ? Effect.void : Effect.sleep("20 millis")
      }),
      Effect.repeat({ until: isExpected }),
      Effect.timeoutFail({
        duration: "30 seconds",
        onTimeout: () => `not satisfied within 30 seconds; last result: ${String(last)}`
      }),
      Effect.catchAll((error) => typeof error === "string" ? Effect.sync(() => assert.fail(error)) : Effect.fail(error))
    )
  })

/**
 * Returns the warnings and errors logged while an effect runs, such as a failed removal.
 *
 * @internal
 */
export const warnings = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<ReadonlyArray<string>, E, R> =>
  Effect.suspend(() => {
    const messages: Array<string> = []
    const recorder = Logger.make(({ annotations, cause, logLevel, message }) => {
      if (LogLevel.greaterThanEqual(logLevel, LogLevel.Warning)) {
        messages.push(`${Arr.ensure(message).join(" ")} ${JSON.stringify(HashMap.toEntries(annotations))} ${cause}`)
      }
    })
    return Effect.as(Effect.provide(effect, Logger.replace(Logger.defaultLogger, recorder)), messages)
  })

/**
 * Asserts that no container has the given id or name.
 *
 * @internal
 */
export const assertGone = (container: string) => failsWith(Container.attach(container), "ContainerNotFound")

/**
 * A command that runs a script with the shell of the test image.
 *
 * @internal
 */
export const sh = (text: string, ...args: ReadonlyArray<string>): Exec.Exec =>
  Exec.make("sh", "-c", text, "sh", ...args)
