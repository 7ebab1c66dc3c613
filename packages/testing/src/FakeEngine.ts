/**
 * A scripted engine for tests of failures: an executable that replaces `docker`
 * or `podman` and follows a script, so that error handling can be tested against
 * failures that no real engine produces on demand.
 *
 * {@link docker} and {@link podman} answer as a healthy engine with one running
 * container; {@link on} replaces the answer to one command. The code under test
 * runs unchanged, on `EngineBackend.layer` or any other backend that uses a command
 * line client.
 *
 * @example
 * ```ts
 * import { NodeContext } from "@effect/platform-node"
 * import { Container, Definition, EngineBackend } from "@ociman/containers"
 * import { FakeEngine } from "@ociman/testing"
 * import { Effect, Layer } from "effect"
 *
 * const fullDisk = FakeEngine.on(FakeEngine.docker, "container create", [
 *   FakeEngine.stderr("Error response from daemon: no space left on device\n"),
 *   FakeEngine.exit(1)
 * ])
 *
 * const backend = EngineBackend.layer.pipe(
 *   Layer.provide(FakeEngine.layer(fullDisk)),
 *   Layer.provide(NodeContext.layer)
 * )
 *
 * const error = await Container.start(Definition.make("alpine:3.20")).pipe(
 *   Effect.scoped,
 *   Effect.flip,
 *   Effect.provide(backend),
 *   Effect.runPromise
 * )
 * assert.strictEqual(error._tag, "EngineFailed")
 * assert.match(error.message, /no space left on device/)
 * ```
 *
 * @since 0.1.0
 */
import * as CommandExecutor from "@effect/platform/CommandExecutor"
import type * as PlatformError from "@effect/platform/Error"
import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { dual } from "effect/Function"
import * as Layer from "effect/Layer"
import { type Pipeable, pipeArguments } from "effect/Pipeable"
import type * as Scope from "effect/Scope"
import * as healthy from "./internal/fakeEngine/healthy.js"
import * as machine from "./internal/fakeEngine/machine.js"

/**
 * One action of a called client.
 *
 * @since 0.1.0
 * @category models
 */
export type Step = Data.TaggedEnum<{
  Write: { readonly to: "stdout" | "stderr"; readonly content: string | Uint8Array }
  Trickle: {
    readonly to: "stdout" | "stderr"
    readonly content: string | Uint8Array
    readonly piece: number
    readonly every: Duration.Duration
  }
  Flood: { readonly to: "stdout" | "stderr"; readonly bytes: number }
  Close: { readonly output: "stdout" | "stderr" }
  ReadStdin: {}
  Wait: { readonly duration: Duration.Duration }
  Hang: {}
  Ignore: { readonly signal: string }
  StopEngine: {}
  Exit: { readonly code: number }
  Die: { readonly signal: string }
}>

/**
 * Answer of the client to a command.
 *
 * @since 0.1.0
 * @category models
 */
export interface Answer {
  /** The first words of the command, such as `container inspect`. If several answers match, the longest applies. */
  readonly command: string
  readonly steps: ReadonlyArray<Step>
}

/**
 * Script of a client: its answers by command.
 *
 * @since 0.1.0
 * @category models
 */
export interface Script extends Pipeable {
  readonly engine: "docker" | "podman"
  readonly answers: ReadonlyArray<Answer>
}

/**
 * A call of a client.
 *
 * @since 0.1.0
 * @category models
 */
export interface Call {
  readonly engine: "docker" | "podman"
  readonly arguments: ReadonlyArray<string>
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /** The calls of the clients so far, in the order of their start. */
  readonly calls: Effect.Effect<ReadonlyArray<Call>, PlatformError.PlatformError>
}

/**
 * The fake engines of a machine.
 *
 * @since 0.1.0
 * @category tags
 */
export class FakeEngine extends Context.Tag("@ociman/testing/FakeEngine")<FakeEngine, Service>() {}

class ScriptImpl extends Data.Class<Pick<Script, "engine" | "answers">> implements Script {
  pipe() {
    return pipeArguments(this, arguments)
  }
}

const Step = Data.taggedEnum<Step>()

/**
 * Writes text, as UTF-8, or bytes to standard output.
 *
 * @since 0.1.0
 * @category steps
 */
export const stdout = (content: string | Uint8Array): Step => Step.Write({ to: "stdout", content })

/**
 * Writes text, as UTF-8, or bytes to standard error.
 *
 * @since 0.1.0
 * @category steps
 */
export const stderr = (content: string | Uint8Array): Step => Step.Write({ to: "stderr", content })

/**
 * Writes slowly, in pieces of `piece` bytes (default: 1) with a pause of `every`
 * (default: 20 milliseconds) after each.
 *
 * @since 0.1.0
 * @category steps
 */
export const trickle = (content: string | Uint8Array, options: {
  readonly to?: "stdout" | "stderr" | undefined
  readonly piece?: number | undefined
  readonly every?: Duration.DurationInput | undefined
} = {}): Step =>
  Step.Trickle({
    to: options.to ?? "stdout",
    content,
    piece: options.piece ?? 1,
    every: Duration.decode(options.every ?? "20 millis")
  })

/**
 * Writes the given number of arbitrary bytes as fast as they are read.
 *
 * @since 0.1.0
 * @category steps
 */
export const flood = (to: "stdout" | "stderr", bytes: number): Step => Step.Flood({ to, bytes })

/**
 * Closes an output before the client ends.
 *
 * @since 0.1.0
 * @category steps
 */
export const close = (output: "stdout" | "stderr"): Step => Step.Close({ output })

/**
 * Reads standard input to its end. Without this step, standard input is not read.
 *
 * @since 0.1.0
 * @category steps
 */
export const readStdin: Step = Step.ReadStdin()

/**
 * Waits for the given duration of real time, even if the program uses a test clock.
 *
 * @since 0.1.0
 * @category steps
 */
export const wait = (duration: Duration.DurationInput): Step => Step.Wait({ duration: Duration.decode(duration) })

/**
 * Runs until a signal ends it.
 *
 * @since 0.1.0
 * @category steps
 */
export const hang: Step = Step.Hang()

/**
 * Ignores a signal from now on, such as `TERM`.
 *
 * @since 0.1.0
 * @category steps
 */
export const ignore = (signal: string): Step => Step.Ignore({ signal })

/**
 * Stops the engine behind the client: calls that start later fail because they
 * cannot connect.
 *
 * @since 0.1.0
 * @category steps
 */
export const stopEngine: Step = Step.StopEngine()

/**
 * Ends the client with an exit code. An answer without this step ends with 0.
 *
 * @since 0.1.0
 * @category steps
 */
export const exit = (code: number): Step => Step.Exit({ code })

/**
 * Kills the client with a signal. Default: `KILL`.
 *
 * @since 0.1.0
 * @category steps
 */
export const die = (signal = "KILL"): Step => Step.Die({ signal })

const script = (engine: Script["engine"]): Script =>
  new ScriptImpl({
    engine,
    answers: healthy.answers(engine).map(([command, content]) => ({ command, steps: [stdout(content)] }))
  })

/**
 * A healthy Docker with one running container. A command without an answer ends
 * with exit code 64 and a message.
 *
 * @since 0.1.0
 * @category scripts
 */
export const docker: Script = script("docker")

/**
 * A healthy Podman with one running container; otherwise like {@link docker}.
 *
 * @since 0.1.0
 * @category scripts
 */
export const podman: Script = script("podman")

/**
 * Adds an answer to a command. With several answers to one command, the nth call
 * gets the nth answer, and all further calls get the last.
 *
 * @since 0.1.0
 * @category combinators
 */
export const on: {
  (command: string, steps: ReadonlyArray<Step>): (self: Script) => Script
  (self: Script, command: string, steps: ReadonlyArray<Step>): Script
} = dual(
  3,
  (self: Script, command: string, steps: ReadonlyArray<Step>): Script =>
    new ScriptImpl({ engine: self.engine, answers: [...withoutPreset(self, command), { command, steps }] })
)

// The first answer of the user replaces the preset ones of that command.
const withoutPreset = (self: Script, command: string) => {
  const preset = self.engine === "docker" ? docker : podman
  return self.answers.filter((answer) => answer.command !== command || !preset.answers.includes(answer))
}

/**
 * Installs scripted clients until the scope closes and returns an executor whose
 * commands `docker` and `podman` run these clients. A client without a script is
 * not installed. Other commands run as usual. Requires a POSIX shell.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  ...scripts: ReadonlyArray<Script>
): Effect.Effect<
  Service & { readonly executor: CommandExecutor.CommandExecutor },
  PlatformError.PlatformError,
  CommandExecutor.CommandExecutor | FileSystem.FileSystem | Path.Path | Scope.Scope
> => machine.make(scripts)

/**
 * Replaces the real clients by scripted ones; see {@link make}. Provide it to the
 * layer of the backend.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (
  ...scripts: ReadonlyArray<Script>
): Layer.Layer<
  FakeEngine | CommandExecutor.CommandExecutor,
  PlatformError.PlatformError,
  CommandExecutor.CommandExecutor | FileSystem.FileSystem | Path.Path
> =>
  Layer.scopedContext(
    Effect.map(make(...scripts), ({ calls, executor }) =>
      Context.make(FakeEngine, { calls }).pipe(Context.add(CommandExecutor.CommandExecutor, executor)))
  )

/**
 * Returns the calls of the clients so far, in the order of their start.
 *
 * @since 0.1.0
 * @category accessors
 */
export const calls: Effect.Effect<ReadonlyArray<Call>, PlatformError.PlatformError, FakeEngine> = Effect.flatMap(
  FakeEngine,
  (engine) => engine.calls
)
