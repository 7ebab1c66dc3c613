import { Platform, Reference } from "@ociman/oci"
import { type CommandFailed, Subprocess } from "@ociman/process"
import * as Redaction from "@ociman/process/author/Redaction"
import * as Effect from "effect/Effect"
import * as Record from "effect/Record"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { BuildFailed, type EngineError, EngineFailed } from "../../BackendError.js"
import * as BuildEvent from "../../BuildEvent.js"
import * as Engine from "../../Engine.js"
import type { BuildRequest, Builds } from "../../Primitives.js"
import * as docker from "../buildOutput/docker.js"
import type { Failure, Line, Parser } from "../buildOutput/parser.js"
import * as podman from "../buildOutput/podman.js"
import { buildArguments, type Files } from "./buildArguments.js"
import { podmanTermination } from "./buildTermination.js"
import type { Context } from "./context.js"
import { isObeyedByClients } from "./environment.js"
import type { Locks } from "./locks.js"
import { says } from "./messages.js"
import { temporaryDirectory } from "./temporaryDirectory.js"

const operation = "Build.build"

/** @internal */
export const builds = (context: Context, locks: Locks): Builds => {
  const { client, engine } = context
  const turn = Effect.unsafeMakeSemaphore(1)

  // Podman's builder races with itself over layers: https://github.com/containers/buildah/issues/5674
  const takeTurn = engine.client === "podman"
    ? Effect.uninterruptibleMask((restore) =>
      Effect.zipRight(restore(turn.take(1)), Effect.addFinalizer(() => turn.release(1)))
    ).pipe(Effect.zipRight(locks.hold("builder")))
    : Effect.void

  const run = <S>(parser: Parser<S>, request: BuildRequest) =>
    Stream.unwrapScoped(Effect.gen(function*() {
      const secrets = redactedOf(request)
      const files = yield* prepare(context, request)
      const builder = yield* builderVariables(context, files)
      yield* takeTurn
      const attempt = (request: BuildRequest, retries: number): Stream.Stream<BuildEvent.BuildEvent, BuildError> => {
        const report = makeReport(parser, Redaction.make(secrets))
        return client.output(["build", ...buildArguments(engine, request, files)], {
          variables: { ...variablesOf(request), ...builder },
          redact: secrets,
          termination: engine.client === "podman" ? podmanTermination(context) : undefined,
          stdin: request.source._tag === "Instructions" ? request.source.text : undefined
        }).pipe(
          Subprocess.splitOutputLines,
          Stream.mapConcat(report.next),
          Stream.concat(Stream.suspend(() => Stream.fromIterable(report.end()))),
          Stream.catchAll((error) =>
            Stream.concat(
              Stream.suspend(() => Stream.fromIterable(report.end())),
              Stream.suspend(() => {
                const next = nextRequest(engine, request, retries, report, error)
                return next === undefined
                  ? Stream.fromEffect(failed(context, request, report, error))
                  : Stream.concat(Stream.execute(Effect.sleep("100 millis")), attempt(next, retries - 1))
              })
            )
          )
        )
      }
      return attempt(request, mostRetries).pipe(
        Stream.concat(Stream.fromEffect(Effect.tap(built(context, files), ofPlatform(context, request))))
      )
    }))

  return {
    lockImage: (image) => locks.hold(Reference.format(Reference.canonical(image))),
    buildImage: (request) => engine.client === "podman" ? run(podman.parser, request) : run(docker.parser, request)
  }
}

type BuildError = BuildFailed | EngineError

/** How often a build is run once more when no step of it has failed. */
const mostRetries = 5

/**
 * The request of another run, if the engine failed for a reason that lies outside the build. The last run uses no
 * cache, since what the cache refers to may be gone for good.
 */
const nextRequest = (
  { name }: Engine.Engine,
  request: BuildRequest,
  retries: number,
  report: Report,
  error: CommandFailed.CommandFailed
): BuildRequest | undefined => {
  if (retries === 0 || error.reason !== "ExitCode" || report.failure().exitCode !== undefined) return undefined
  if (says(error.stderr, name === "docker" ? "disturbedByPrune" : "cacheDisturbed")) {
    return retries > 1 ? request : { ...request, noCache: true }
  }
  const { cacheFrom = [] } = request
  return name === "docker" && cacheFrom.length > 0 && says(error.stderr, "cacheUnusable")
    ? { ...request, cacheFrom: [] }
    : undefined
}

/** How many lines, and how much of each, an error has. */
const tailLines = 20
const tailWidth = 1000

/** Reads lines, and remembers what an error needs. */
const makeReport = <S>(parser: Parser<S>, redact: (text: string) => string) => {
  let state = parser.initial
  const tail: Array<string> = []
  const seen = (events: ReadonlyArray<BuildEvent.BuildEvent>) =>
    events.map((event) => {
      const shown = redactEvent(event, redact)
      if (shown._tag === "OutputLine" && !says(shown.text, "builderNotice")) {
        tail.push(shown.text.length > tailWidth ? `${shown.text.slice(0, tailWidth)}…` : shown.text)
        if (tail.length > tailLines) tail.shift()
      }
      return shown
    })
  return {
    next: (line: Line) => {
      const [next, events] = parser.next(state, line)
      state = next
      return seen(events)
    },
    end: () => seen(parser.end(state)),
    failure: (): Failure & { readonly output: string } => {
      const { exitCode, step } = parser.failure(state)
      return { exitCode, step: step && redactStep(step, redact), output: tail.join("\n") }
    }
  }
}

type Report = ReturnType<typeof makeReport>

const redactStep = (step: BuildEvent.Step, redact: (text: string) => string) =>
  new BuildEvent.Step({ ...step, instruction: redact(step.instruction) })

const redactEvent = (event: BuildEvent.BuildEvent, redact: (text: string) => string): BuildEvent.BuildEvent => {
  switch (event._tag) {
    case "Built":
      return event
    case "OutputLine":
      return {
        ...event,
        text: redact(event.text),
        ...(event.step === undefined ? {} : { step: redactStep(event.step, redact) })
      }
    default:
      return { ...event, step: redactStep(event.step, redact) }
  }
}

// The values themselves, and the lines of those that have more than one.
const redactedOf = ({ arguments: args, secrets = {} }: BuildRequest): ReadonlyArray<Redacted.Redacted<string>> =>
  [
    ...Object.values(args).filter((value) => Redacted.isRedacted(value)),
    ...Object.values(secrets).flatMap((secret) => secret._tag === "Value" ? [secret.value] : [])
  ].flatMap((secret) => {
    const lines = Redacted.value(secret).split(/\r?\n/).filter((line) => line.trim().length >= shortestSecretLine)
    return lines.length > 1 ? [secret, ...lines.map((line) => Redacted.make(line))] : [secret]
  })

const shortestSecretLine = 4

const valueOf = (value: string | Redacted.Redacted<string>) =>
  Redacted.isRedacted(value) ? Redacted.value(value) : value

const variablesOf = (request: BuildRequest) =>
  Record.map(Record.filter(request.arguments, (_, name) => !isObeyedByClients(name)), valueOf)

const invalid = ({ engine }: Context, detail: string) =>
  new EngineFailed({ engine: engine.name, operation, reason: "InvalidDefinition", detail })

/**
 * Files that only this user can read, and that are gone when the scope closes.
 */
const prepare = Effect.fnUntraced(function*(
  context: Context,
  { arguments: args, secrets = {} }: BuildRequest
): Effect.fn.Return<Files, EngineFailed, Scope.Scope> {
  const { engine, fileSystem } = context
  const exposed = Object.entries(args).find(([name, value]) => isObeyedByClients(name) && Redacted.isRedacted(value))
  if (exposed !== undefined) {
    return yield* invalid(
      context,
      `The build argument ${
        exposed[0]
      } means something to the engine's client, so that it must stand in the list of its ` +
        "arguments, where a redacted value must not be."
    )
  }
  const directory = yield* temporaryDirectory(context, "build").pipe(
    Effect.mapError((cause) =>
      new EngineFailed({
        engine: engine.name,
        operation,
        reason: "Refused",
        detail: `no private directory: ${cause.message}`,
        cause
      })
    )
  )
  const paths: Record<string, string> = {}
  for (const [index, [id, secret]] of Object.entries(secrets).entries()) {
    const path = `${directory}/secret-${index}`
    if (secret._tag === "File") {
      paths[id] = secret.path
      continue
    }
    yield* fileSystem.writeFileString(path, Redacted.value(secret.value), { mode: 0o600 }).pipe(
      Effect.mapError((cause) =>
        new EngineFailed({
          engine: engine.name,
          operation,
          reason: "Refused",
          detail: `no private file: ${cause.message}`,
          cause
        })
      )
    )
    paths[id] = path
  }
  return { id: `${directory}/id`, secrets: paths }
})

/**
 * Variables that choose the builder of Docker's client. Only BuildKit knows
 * secrets: older clients have it from the engine, newer ones from a plugin.
 * Podman has none behind Docker's client, where the plugin would pull an image
 * to run BuildKit in.
 */
const builderVariables = Effect.fnUntraced(function*(
  context: Context,
  { secrets }: Files
): Effect.fn.Return<Readonly<Record<string, string>>, EngineError> {
  const { client, engine } = context
  const hasSecrets = !Record.isEmptyRecord(secrets)
  if (engine.client === "podman") return {}
  if (engine.name === "podman") {
    return hasSecrets
      ? yield* invalid(
        context,
        "Podman behind Docker's client knows no secrets of builds: build with the client podman."
      )
      : { DOCKER_BUILDKIT: "0" }
  }
  if (!hasSecrets) return {}
  const buildKit = { DOCKER_BUILDKIT: "1" }
  if (!Engine.isAtLeast(engine.clientApiVersion, 1, firstApiOfClientsWithPlugin)) return buildKit
  return yield* client.run(["buildx", "version"], { timeout: "20 seconds" }).pipe(
    Effect.as(buildKit),
    Effect.mapError(() =>
      invalid(
        context,
        `Secrets need BuildKit, and the client ${client.executable} ${engine.clientVersion} has it only with its buildx ` +
          "plugin, which does not answer: install docker-buildx, or build with Podman."
      )
    )
  )
})

// 1.42 is the API of client 23: https://docs.docker.com/engine/release-notes/23.0/
const firstApiOfClientsWithPlugin = 42

const built = ({ fileSystem, engine }: Context, { id }: Files) =>
  fileSystem.readFileString(id).pipe(
    Effect.map((text) => BuildEvent.Built({ id: text.trim().replace(/^(?!sha256:)/, "sha256:") })),
    Effect.mapError((cause) =>
      new EngineFailed({
        engine: engine.name,
        operation,
        reason: "UnexpectedAnswer",
        detail: `the client did not say which image it has built: ${cause.message}`,
        cause
      })
    )
  )

/** Docker's classic builder takes what there is of another platform for what is wanted, and says nothing. */
const ofPlatform =
  ({ client, explain }: Context, { image, platform }: BuildRequest) => ({ id }: { readonly id: string }) =>
    Effect.gen(function*() {
      if (platform === undefined) return
      const { stdout } = yield* client.run(["image", "inspect", "--format", "{{.Os}}/{{.Architecture}}", id]).pipe(
        Effect.catchAll(explain(operation)())
      )
      const made = stdout.text.trim()
      if (made === `${platform.os}/${platform.architecture}`) return
      return yield* new BuildFailed({
        image: Reference.format(image),
        output: `The builder has made an image for ${made} although one for ${Platform.format(platform)} was wanted.`
      })
    })

const failed = Effect.fnUntraced(function*(
  { confirmGone, explain }: Context,
  { image }: BuildRequest,
  report: Report,
  error: CommandFailed.CommandFailed
): Effect.fn.Return<never, BuildError> {
  if (error.reason !== "ExitCode") return yield* explain(operation)()(error)
  if (says(error.stderr, "unavailable") || says(error.stderr, "permissionDenied")) yield* confirmGone(operation)
  const { exitCode, output, step } = report.failure()
  return yield* new BuildFailed({
    image: Reference.format(image),
    output: output === "" ? error.shortMessage : output,
    ...(step === undefined ? {} : { step }),
    ...(exitCode === undefined ? {} : { exitCode })
  })
})
