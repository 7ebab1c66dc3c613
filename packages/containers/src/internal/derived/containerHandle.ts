import * as CommandExecutor from "@effect/platform/CommandExecutor"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { BackendDriver } from "../../BackendDriver.js"
import { ContainerNotFound, ExecFailed, PortNotPublished } from "../../BackendError.js"
import type { ContainerId } from "../../ContainerId.js"
import type { ContainerInfo, PublishedPort } from "../../ContainerInfo.js"
import * as Engine from "../../Engine.js"
import * as Environment from "../../Environment.js"
import * as Exec from "../../Exec.js"
import * as libraryLabels from "../contract/libraryLabels.js"
import { type Container, ContainerTypeId, type StopOptions } from "../model/container.js"
import { handleProto } from "../model/handleProto.js"
import { capture, untilExit } from "../model/processEvents.js"
import * as redactedErrors from "../model/redactedErrors.js"
import { collect, toText } from "../values/bytes.js"
import * as copying from "./copying.js"
import { describeStartErrors } from "./startErrors.js"

/**
 * Creates the handle of a container. `onRemoved` runs after a removal through the handle. Errors do not contain
 * redacted values of `environment`.
 *
 * @internal
 */
export const makeHandle = (
  driver: BackendDriver,
  id: ContainerId,
  onRemoved: Effect.Effect<void>,
  environment: Environment.Environment = Environment.empty
): Container => {
  const attributes = { engine: driver.engine.name, container: id }
  const span = (operation: string) =>
    Effect.withSpan(`Container.${operation}`, { captureStackTrace: false, attributes })

  const inspect = driver.containers.inspect(id)

  return {
    [ContainerTypeId]: ContainerTypeId,
    ...handleProto(() => ({ _id: "@ociman/containers/Container", id })),
    id,

    exec: (exec) =>
      capture(driver.exec.run(id, exec), exec.outputLimit).pipe(
        Effect.tap(checkExitCode(id, exec)),
        Effect.mapError(redactedErrors.make(environment, exec.environment).ofExec),
        span("exec")
      ),
    execStream: (exec) =>
      Stream.mapError(
        untilExit(driver.exec.run(id, exec), checkExitCode(id, exec)),
        redactedErrors.make(environment, exec.environment).ofExec
      ),
    executor: Layer.sync(CommandExecutor.CommandExecutor, () => driver.exec.executor(id)),

    start: driver.containers.start(id).pipe(Effect.catchTags(describeStartErrors(driver, id)), span("start")),
    stop: (options) => span("stop")(driver.containers.stop(id, graceOf(options))),
    kill: (signal = "SIGKILL") => span("kill")(driver.containers.kill(id, signal)),
    restart: (options) =>
      driver.containers.restart(id, graceOf(options)).pipe(
        Effect.catchTags(describeStartErrors(driver, id)),
        span("restart")
      ),
    pause: span("pause")(driver.containers.pause(id)),
    unpause: span("unpause")(driver.containers.unpause(id)),
    remove: ({ force = false, grace = Duration.zero, volumes = true } = {}) =>
      driver.containers.remove(id, { force, volumes, grace: Duration.decode(grace) }).pipe(
        Effect.zipRight(onRemoved),
        span("remove")
      ),
    wait: span("wait")(driver.containers.wait(id)),
    rename: (name) => span("rename")(driver.containers.rename(id, name)),

    writeFile: (path, content, attributes = {}) =>
      span("writeFile")(copying.writeFile(driver.files, id, path, content, attributes)),
    readFile: (path) => span("readFile")(collect(copying.readFile(driver.files, id, path))),
    readFileStream: (path) => copying.readFile(driver.files, id, path),
    readFileString: (path) => span("readFile")(Effect.map(collect(copying.readFile(driver.files, id, path)), toText)),
    copyInTar: (directory, archive) =>
      Effect.flatMap(copying.normalPath(id, directory), (directory) => driver.files.copyInto(id, directory, archive))
        .pipe(
          span("copyInTar")
        ),
    copyOutTar: (path) =>
      Stream.unwrap(Effect.map(copying.normalPath(id, path), (path) => driver.files.copyOutOf(id, path))),

    stats: Stream.runHead(driver.containers.stats(id, { follow: false })).pipe(
      Effect.flatMap(Option.match({
        onNone: () => new ContainerNotFound({ container: id }),
        onSome: Effect.succeed
      })),
      span("stats")
    ),
    statsStream: driver.containers.stats(id, { follow: true }),
    processes: span("processes")(driver.containers.processes(id)),

    inspect: span("inspect")(inspect),
    name: Effect.map(inspect, (info) => info.name),
    labels: Effect.map(inspect, (info) => libraryLabels.without(info.labels)),
    state: Effect.map(inspect, (info) => info.state),
    logs: (options = {}) => driver.containers.logs(id, options),
    address: (port, protocol = "tcp") =>
      Effect.flatMap(inspect, (info) => addressOf(driver.engine, info, port, protocol)).pipe(span("address")),
    commit: (image, options = {}) => span("commit")(driver.containers.commit(id, image, options))
  }
}

const checkExitCode = (container: ContainerId, exec: Exec.Exec) => (result: Exec.Result) =>
  result.exitCode === 0 || exec.allowNonZeroExit
    ? Effect.void
    : new ExecFailed({
      container,
      command: Exec.commandLine(exec),
      reason: "ExitCode",
      exitCode: result.exitCode,
      stdout: result.stdout,
      stderr: result.stderr,
      detail: ""
    })

const graceOf = (options: StopOptions | undefined) => Option.map(Option.fromNullable(options?.grace), Duration.decode)

const addressOf = (engine: Engine.Engine, info: ContainerInfo, port: number, protocol: string) => {
  const bindings = info.ports.filter((binding) => binding.containerPort === port && binding.protocol === protocol)
  // Prefers a binding of IPv4, since IPv6 may not be configured.
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
      // The loopback address of a remote engine is not that of this machine.
      return Option.getOrElse(engine.remoteHost, () => hostIp)
    case "::":
      return Option.getOrElse(engine.remoteHost, () => "::1")
    default:
      return hostIp
  }
}
