import * as CommandExecutor from "@effect/platform/CommandExecutor"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { ContainerNotFound, ExecFailed, PortNotPublished } from "../BackendError.js"
import type { Container, StopOptions } from "../Container.js"
import type { ContainerId } from "../ContainerId.js"
import type { ContainerInfo, PublishedPort } from "../ContainerInfo.js"
import * as Engine from "../Engine.js"
import * as Environment from "../Environment.js"
import * as Exec from "../Exec.js"
import type { Primitives } from "../Primitives.js"
import { collect, toText } from "./bytes.js"
import { ContainerTypeId } from "./containerTypeId.js"
import * as copying from "./copying.js"
import { handleProto } from "./handleProto.js"
import * as libraryLabels from "./libraryLabels.js"
import { capture, untilExit } from "./processEvents.js"
import * as redactedErrors from "./redactedErrors.js"
import { describing } from "./startErrors.js"

/**
 * The handle of a container; `onRemoved` runs when the container has been
 * removed through it. Errors do not show what is redacted in `environment`.
 *
 * @internal
 */
export const makeHandle = (
  primitives: Primitives,
  id: ContainerId,
  onRemoved: Effect.Effect<void>,
  environment: Environment.Environment = Environment.empty
): Container => {
  const attributes = { engine: primitives.engine.name, container: id }
  const span = (operation: string) =>
    Effect.withSpan(`Container.${operation}`, { captureStackTrace: false, attributes })

  const inspect = primitives.inspectContainer(id)

  const exitCheck = (exec: Exec.Exec) => (result: Exec.Result) =>
    result.exitCode === 0 || exec.anyExitCode
      ? Effect.void
      : new ExecFailed({
        container: id,
        command: Exec.commandLine(exec),
        reason: "ExitCode",
        exitCode: result.exitCode,
        stdout: result.stdout,
        stderr: result.stderr,
        detail: ""
      })

  return {
    [ContainerTypeId]: ContainerTypeId,
    ...handleProto(() => ({ _id: "@ociman/containers/Container", id })),
    id,

    exec: (exec) =>
      capture(primitives.exec(id, exec), exec.outputLimit).pipe(
        Effect.tap(exitCheck(exec)),
        Effect.mapError(redactedErrors.make(environment, exec.environment).ofExec),
        span("exec")
      ),
    execStream: (exec) =>
      Stream.mapError(
        untilExit(primitives.exec(id, exec), exitCheck(exec)),
        redactedErrors.make(environment, exec.environment).ofExec
      ),
    executor: Layer.sync(CommandExecutor.CommandExecutor, () => primitives.executor(id)),

    start: primitives.startContainer(id).pipe(Effect.catchTags(describing(primitives, id)), span("start")),
    stop: (options) => span("stop")(primitives.stopContainer(id, graceOf(options))),
    kill: (signal = "SIGKILL") => span("kill")(primitives.killContainer(id, signal)),
    restart: (options) =>
      primitives.restartContainer(id, graceOf(options)).pipe(
        Effect.catchTags(describing(primitives, id)),
        span("restart")
      ),
    pause: span("pause")(primitives.pauseContainer(id)),
    unpause: span("unpause")(primitives.unpauseContainer(id)),
    remove: ({ force = false, grace = Duration.zero, volumes = true } = {}) =>
      primitives.removeContainer(id, { force, volumes, grace: Duration.decode(grace) }).pipe(
        Effect.zipRight(onRemoved),
        span("remove")
      ),
    wait: span("wait")(primitives.waitContainer(id)),
    rename: (name) => span("rename")(primitives.renameContainer(id, name)),

    writeFile: (path, content, attributes = {}) =>
      span("writeFile")(copying.writeFile(primitives, id, path, content, attributes)),
    readFile: (path) => span("readFile")(collect(copying.readFile(primitives, id, path))),
    readFileStream: (path) => copying.readFile(primitives, id, path),
    readFileString: (path) => span("readFile")(Effect.map(collect(copying.readFile(primitives, id, path)), toText)),
    copyInTar: (directory, archive) =>
      Effect.flatMap(copying.normalPath(id, directory), (directory) => primitives.copyInto(id, directory, archive))
        .pipe(
          span("copyInTar")
        ),
    copyOutTar: (path) =>
      Stream.unwrap(Effect.map(copying.normalPath(id, path), (path) => primitives.copyOutOf(id, path))),

    stats: Stream.runHead(primitives.containerStats(id, { follow: false })).pipe(
      Effect.flatMap(Option.match({
        onNone: () => new ContainerNotFound({ container: id }),
        onSome: Effect.succeed
      })),
      span("stats")
    ),
    statsStream: primitives.containerStats(id, { follow: true }),
    processes: span("processes")(primitives.containerProcesses(id)),

    inspect: span("inspect")(inspect),
    name: Effect.map(inspect, (info) => info.name),
    labels: Effect.map(inspect, (info) => libraryLabels.without(info.labels)),
    state: Effect.map(inspect, (info) => info.state),
    logs: (options = {}) => primitives.containerLogs(id, options),
    address: (port, protocol = "tcp") =>
      Effect.flatMap(inspect, (info) => addressOf(primitives.engine, info, port, protocol)).pipe(span("address")),
    commit: (image, options = {}) => span("commit")(primitives.commitContainer(id, image, options))
  }
}

const graceOf = (options: StopOptions | undefined) => Option.map(Option.fromNullable(options?.grace), Duration.decode)

const addressOf = (engine: Engine.Engine, info: ContainerInfo, port: number, protocol: string) => {
  const bindings = info.ports.filter((binding) => binding.containerPort === port && binding.protocol === protocol)
  // An IPv4 binding is reachable from everywhere; one of IPv6 only where that is configured.
  const binding = bindings.find(({ hostIp }) => !hostIp.includes(":")) ?? bindings[0]
  return binding === undefined
    ? new PortNotPublished({
      container: info.name,
      port: `${port}/${protocol}`,
      published: [...new Set(info.ports.map((binding) => `${binding.containerPort}/${binding.protocol}`))],
      state: info.state.status
    })
    : Effect.succeed({ host: hostOf(engine, binding), port: binding.hostPort })
}

const hostOf = (engine: Engine.Engine, { hostIp }: PublishedPort): string => {
  switch (hostIp) {
    case "":
    case "0.0.0.0":
      return Engine.reachableHost(engine)
    case "127.0.0.1":
    case "::1":
      // Loopback there is not loopback here.
      return Option.getOrElse(engine.remoteHost, () => hostIp)
    case "::":
      return Option.getOrElse(engine.remoteHost, () => "::1")
    default:
      return hostIp
  }
}
