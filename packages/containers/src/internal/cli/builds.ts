import * as Platform from "@ociman/oci/Platform"
import * as Reference from "@ociman/oci/Reference"
import * as Redaction from "@ociman/process/author/Redaction"
import type * as CommandFailed from "@ociman/process/CommandFailed"
import * as Subprocess from "@ociman/process/Subprocess"
import * as Effect from "effect/Effect"
import * as Record from "effect/Record"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { BuildRequest, Builds } from "../../BackendDriver.js"
import { BuildFailed, type EngineError, EngineFailed } from "../../BackendError.js"
import * as BuildEvent from "../../BuildEvent.js"
import * as Engine from "../../Engine.js"
import type { Host } from "../contract/host.js"
import * as docker from "../dialect/buildOutput/docker.js"
import type { Failure, Line, Parser } from "../dialect/buildOutput/parser.js"
import * as podman from "../dialect/buildOutput/podman.js"
import { matches } from "../dialect/messages.js"
import { temporaryDirectory } from "../host/temporaryDirectory.js"
import { podmanTermination } from "./buildTermination.js"
import type { Context } from "./context.js"
import { isClientVariable } from "./environment.js"
import { buildArguments, type Files } from "./flags/build.js"

const operation = "Build.build"

/** @internal */
export const builds = (context: Context, host: Host): Builds => {
  const { client, engine } = context
  const semaphore = Effect.unsafeMakeSemaphore(1)

  // Concurrent builds of Podman fail over layers: https://github.com/containers/buildah/issues/5674
  const acquireBuilder = engine.transport.client === "podman"
    ? Effect.uninterruptibleMask((restore) =>
      Effect.zipRight(restore(semaphore.take(1)), Effect.addFinalizer(() => semaphore.release(1)))
    ).pipe(Effect.zipRight(host.lock(`${engine.name} builder`)))
    : Effect.void

  const run = <S>(parser: Parser<S>, request: BuildRequest) =>
    Stream.unwrapScoped(Effect.gen(function*() {
      const secrets = redactedOf(request)
      const files = yield* prepare(context, request)
      const builder = yield* builderVariables(context, files)
      yield* acquireBuilder
      const attempt = (request: BuildRequest, retries: number): Stream.Stream<BuildEvent.BuildEvent, BuildError> => {
        const report = makeReport(parser, Redaction.make(secrets))
        return client.output(["build", ...buildArguments(engine.transport, request, files)], {
          variables: { ...variablesOf(request), ...builder },
          redact: secrets,
          termination: engine.transport.client === "podman" ? podmanTermination(context) : undefined,
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
                  ? Stream.fromEffect(toBuildError(context, request, report, error))
                  : Stream.concat(Stream.execute(Effect.sleep("100 millis")), attempt(next, retries - 1))
              })
            )
          )
        )
      }
      return attempt(request, maxRetries).pipe(
        Stream.concat(Stream.fromEffect(Effect.tap(readImageId(context, files), verifyPlatform(context, request))))
      )
    }))

  return {
    build: (request) => engine.transport.client === "podman" ? run(podman.parser, request) : run(docker.parser, request)
  }
}

type BuildError = BuildFailed | EngineError

/** Retries of a build that failed for a reason outside its steps. */
const maxRetries = 5

/**
 * Request of the next attempt, if the engine failed for a reason outside the build. The last attempt uses no cache,
 * since the cache may refer to content that was removed.
 */
const nextRequest = (
  { name }: Engine.Engine<Engine.Cli>,
  request: BuildRequest,
  retries: number,
  report: Report,
  error: CommandFailed.CommandFailed
): BuildRequest | undefined => {
  if (retries === 0 || error.reason !== "ExitCode" || report.failure().exitCode !== undefined) return undefined
  if (matches(error.stderr, name === "docker" ? "disturbedByPrune" : "cacheDisturbed")) {
    return retries > 1 ? request : { ...request, noCache: true }
  }
  const { cacheFrom = [] } = request
  return name === "docker" && cacheFrom.length > 0 && matches(error.stderr, "cacheUnusable")
    ? { ...request, cacheFrom: [] }
    : undefined
}

/** Limits of the output in an error: lines, and characters of each. */
const tailLines = 20
const tailWidth = 1000

/** Parses lines and keeps the data of a possible error. */
const makeReport = <S>(parser: Parser<S>, redact: (text: string) => string) => {
  let state = parser.initial
  const tail: Array<string> = []
  const record = (events: ReadonlyArray<BuildEvent.BuildEvent>) =>
    events.map((event) => {
      const shown = redactEvent(event, redact)
      if (shown._tag === "OutputLine" && !matches(shown.text, "builderNotice")) {
        tail.push(shown.text.length > tailWidth ? `${shown.text.slice(0, tailWidth)}…` : shown.text)
        if (tail.length > tailLines) tail.shift()
      }
      return shown
    })
  return {
    next: (line: Line) => {
      const [next, events] = parser.next(state, line)
      state = next
      return record(events)
    },
    end: () => record(parser.end(state)),
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

// The values themselves, and each line of a multi-line value.
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
  Record.map(Record.filter(request.arguments, (_, name) => !isClientVariable(name)), valueOf)

const invalid = ({ engine }: Context, detail: string) =>
  new EngineFailed({ engine: engine.name, operation, reason: "InvalidDefinition", detail })

/**
 * Writes the private files of a build, which are removed when the scope closes.
 */
const prepare = Effect.fnUntraced(function*(
  context: Context,
  { arguments: args, secrets = {} }: BuildRequest
): Effect.fn.Return<Files, EngineFailed, Scope.Scope> {
  const { engine, fileSystem } = context
  const exposed = Object.entries(args).find(([name, value]) => isClientVariable(name) && Redacted.isRedacted(value))
  if (exposed !== undefined) {
    return yield* invalid(
      context,
      `The build argument ${
        exposed[0]
      } affects the engine's client itself, so it must be passed on the command line, ` +
        "where a redacted value is not allowed."
    )
  }
  const directory = yield* temporaryDirectory(context, "build").pipe(
    Effect.mapError((cause) =>
      new EngineFailed({
        engine: engine.name,
        operation,
        reason: "Refused",
        detail: `cannot create a private directory: ${cause.message}`,
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
          detail: `cannot write a private file: ${cause.message}`,
          cause
        })
      )
    )
    paths[id] = path
  }
  return { id: `${directory}/id`, secrets: paths }
})

/**
 * Variables that select the builder of Docker's client. Only BuildKit supports
 * secrets. Older clients use the BuildKit of the engine, newer ones a plugin.
 * With Podman behind Docker's client there is none, and the plugin would pull an
 * image that contains BuildKit.
 */
const builderVariables = Effect.fnUntraced(function*(
  context: Context,
  { secrets }: Files
): Effect.fn.Return<Readonly<Record<string, string>>, EngineError> {
  const { client, engine } = context
  const hasSecrets = !Record.isEmptyRecord(secrets)
  if (engine.transport.client === "podman") return {}
  if (engine.name === "podman") {
    return hasSecrets
      ? yield* invalid(
        context,
        "Podman behind Docker's client does not support build secrets: build with the client podman."
      )
      : { DOCKER_BUILDKIT: "0" }
  }
  if (!hasSecrets) return {}
  const buildKit = { DOCKER_BUILDKIT: "1" }
  if (!Engine.isAtLeast(engine.transport.apiVersion, 1, firstApiOfClientsWithPlugin)) return buildKit
  return yield* client.run(["buildx", "version"], { timeout: "20 seconds" }).pipe(
    Effect.as(buildKit),
    Effect.mapError(() =>
      invalid(
        context,
        `Secrets need BuildKit, which the client ${client.executable} ${engine.transport.version} provides by its buildx ` +
          "plugin only, and the plugin does not answer: install docker-buildx, or build with Podman."
      )
    )
  )
})

// 1.42 is the API of client 23: https://docs.docker.com/engine/release-notes/23.0/
const firstApiOfClientsWithPlugin = 42

const readImageId = ({ fileSystem, engine }: Context, { id }: Files) =>
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

/** Docker's classic builder uses images of another platform without an error. */
const verifyPlatform =
  ({ client, explain }: Context, { image, platform }: BuildRequest) => ({ id }: { readonly id: string }) =>
    Effect.gen(function*() {
      if (platform === undefined) return
      const { stdout } = yield* client.run(["image", "inspect", "--format", "{{.Os}}/{{.Architecture}}", id]).pipe(
        Effect.catchAll(explain(operation)())
      )
      const actual = stdout.text.trim()
      if (actual === `${platform.os}/${platform.architecture}`) return
      return yield* new BuildFailed({
        image: Reference.format(image),
        output: `The builder has built an image for ${actual} instead of ${Platform.format(platform)}.`
      })
    })

const toBuildError = Effect.fnUntraced(function*(
  { explain, failIfUnavailable }: Context,
  { image }: BuildRequest,
  report: Report,
  error: CommandFailed.CommandFailed
): Effect.fn.Return<never, BuildError> {
  if (error.reason !== "ExitCode") return yield* explain(operation)()(error)
  if (matches(error.stderr, "unavailable") || matches(error.stderr, "permissionDenied")) {
    yield* failIfUnavailable(operation)
  }
  const { exitCode, output, step } = report.failure()
  return yield* new BuildFailed({
    image: Reference.format(image),
    output: output === "" ? error.shortMessage : output,
    ...(step === undefined ? {} : { step }),
    ...(exitCode === undefined ? {} : { exitCode })
  })
})
