/**
 * An engine to fail with: an executable that plays `docker` or `podman` by a
 * script of yours, so that a program's handling of errors can be tested where
 * no real engine would misbehave on demand.
 *
 * {@link docker} and {@link podman} answer as a healthy engine with one running
 * container; {@link on} replaces what they say to one command. The code under
 * test runs unchanged, on `EngineBackend.layer` or any other backend that speaks
 * through a client.
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
 * One thing that the client does when it is called.
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
 * What the client answers to a command.
 *
 * @since 0.1.0
 * @category models
 */
export interface Answer {
  /** The first words of the command, such as `container inspect`. Of several that fit, the longest is taken. */
  readonly command: string
  readonly steps: ReadonlyArray<Step>
}

/**
 * The script by which a client plays.
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
  /** How the clients were called so far, in the order in which they began. */
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
 * Writes to standard output, as it is: text as UTF-8, or any bytes.
 *
 * @since 0.1.0
 * @category steps
 */
export const stdout = (content: string | Uint8Array): Step => Step.Write({ to: "stdout", content })

/**
 * Writes to standard error.
 *
 * @since 0.1.0
 * @category steps
 */
export const stderr = (content: string | Uint8Array): Step => Step.Write({ to: "stderr", content })

/**
 * Writes slowly: pieces of some bytes, 1 by default, and after each a pause, 20
 * milliseconds by default.
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
 * Writes this many bytes of nothing in particular, as fast as they are read.
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
 * Reads standard input to its end. Without this step, nothing is read.
 *
 * @since 0.1.0
 * @category steps
 */
export const readStdin: Step = Step.ReadStdin()

/**
 * Does nothing for a while, in real time whatever the program's clock says.
 *
 * @since 0.1.0
 * @category steps
 */
export const wait = (duration: Duration.DurationInput): Step => Step.Wait({ duration: Duration.decode(duration) })

/**
 * Never ends; a signal ends it.
 *
 * @since 0.1.0
 * @category steps
 */
export const hang: Step = Step.Hang()

/**
 * Is deaf to a signal from now on, such as `TERM`.
 *
 * @since 0.1.0
 * @category steps
 */
export const ignore = (signal: string): Step => Step.Ignore({ signal })

/**
 * Stops the engine behind the client: what is called from now on finds no
 * engine, and says so.
 *
 * @since 0.1.0
 * @category steps
 */
export const stopEngine: Step = Step.StopEngine()

/**
 * Ends with an exit code. After the last step of an answer it is 0.
 *
 * @since 0.1.0
 * @category steps
 */
export const exit = (code: number): Step => Step.Exit({ code })

/**
 * Is killed by a signal, `KILL` by default.
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
 * A healthy Docker with a container that runs. What it has no answer for ends
 * with exit code 64 and says so.
 *
 * @since 0.1.0
 * @category scripts
 */
export const docker: Script = script("docker")

/**
 * A healthy Podman with a container that runs, otherwise as {@link docker}.
 *
 * @since 0.1.0
 * @category scripts
 */
export const podman: Script = script("podman")

/**
 * Answers a command by these steps. Said several times of a command, the first
 * call gets the first answer, the second the second, and all further calls the
 * last.
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
    new ScriptImpl({ engine: self.engine, answers: [...healthyOnes(self, command), { command, steps }] })
)

// The answers that a script begins with count only until there is one of its user's.
const healthyOnes = (self: Script, command: string) => {
  const preset = self.engine === "docker" ? docker : podman
  return self.answers.filter((answer) => answer.command !== command || !preset.answers.includes(answer))
}

/**
 * Installs clients that play by these scripts, for as long as the scope is
 * open, and gives an executor whose commands `docker` and `podman` are these
 * clients; one without a script is not installed. Other commands are run as
 * ever. A POSIX shell is needed.
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
 * Installs clients that play by these scripts in place of the real ones, see
 * {@link make}. It has to be given to the layer of the backend.
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
 * How the clients were called so far.
 *
 * @since 0.1.0
 * @category accessors
 */
export const calls: Effect.Effect<ReadonlyArray<Call>, PlatformError.PlatformError, FakeEngine> = Effect.flatMap(
  FakeEngine,
  (engine) => engine.calls
)
