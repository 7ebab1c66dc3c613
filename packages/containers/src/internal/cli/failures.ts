import type { CommandFailed } from "@ociman/process"
import * as Effect from "effect/Effect"
import {
  BackendUnavailable,
  ContainerNotFound,
  EngineFailed,
  ImageNotFound,
  NameInUse,
  NetworkNotFound,
  PortTaken,
  Probe,
  ResourceInUse,
  StartFailed,
  SubnetUnavailable,
  TransferFailed,
  VolumeNotFound
} from "../../BackendError.js"
import type * as Engine from "../../Engine.js"
import { type Condition, missingNetwork, says } from "../dialect/messages.js"
import type { Client } from "./client.js"

/**
 * A condition of an operation that has an error of its own, in the order in
 * which they are looked for.
 *
 * @internal
 */
export interface Known<out E> {
  readonly condition: Condition
  readonly error: (detail: string) => E
}

/** @internal */
export const noSuchContainer = (container: string): Known<ContainerNotFound> => ({
  condition: "noSuchContainer",
  error: () => new ContainerNotFound({ container })
})

/** @internal */
export const noSuchImage = (image: string): Known<ImageNotFound> => ({
  condition: "noSuchImage",
  error: (detail) => new ImageNotFound({ image, detail })
})

/**
 * What may come of a pull. Some registries say that they deny what they do not
 * have; what they say counts.
 *
 * @internal
 */
export const pullKnown = (image: string): ReadonlyArray<Known<ImageNotFound | TransferFailed>> => [
  ...registryKnown(image, "pull"),
  noSuchImage(image),
  { condition: "notInContainerd", error: (detail) => new ImageNotFound({ image, detail }) },
  { condition: "notInRegistry", error: (detail) => new ImageNotFound({ image, detail }) },
  {
    condition: "refusedInWords",
    error: (detail) => new TransferFailed({ image, operation: "pull", reason: "Denied", detail })
  },
  unreachable(image, "pull")
]

/**
 * What may come of a push.
 *
 * @internal
 */
export const pushKnown = (image: string): ReadonlyArray<Known<ImageNotFound | TransferFailed>> => [
  { condition: "notOnEngine", error: (detail) => new ImageNotFound({ image, detail }) },
  ...registryKnown(image, "push"),
  unreachable(image, "push")
]

const registryKnown = (image: string, operation: TransferFailed["operation"]) => {
  const known = (condition: Condition, reason: TransferFailed["reason"]): Known<TransferFailed> => ({
    condition,
    error: (detail) => new TransferFailed({ image, operation, reason, detail })
  })
  return [
    known("tooManyRequests", "TooManyRequests"),
    known("denied", "Denied"),
    known("unauthorized", "Unauthorized")
  ]
}

const unreachable = (image: string, operation: TransferFailed["operation"]): Known<TransferFailed> => ({
  condition: "unreachable",
  error: (detail) => new TransferFailed({ image, operation, reason: "Unreachable", detail })
})

/** @internal */
export const nameInUse = (kind: NameInUse["kind"], name: string): Known<NameInUse> => ({
  condition: "nameInUse",
  error: () => new NameInUse({ kind, resource: name })
})

/**
 * The engine names it, since a container's network is not always what was asked for.
 *
 * @internal
 */
export const noSuchNetwork: Known<NetworkNotFound> = {
  condition: "noSuchNetwork",
  error: (detail) => new NetworkNotFound({ network: missingNetwork(detail) ?? "" })
}

/** @internal */
export const noSuchVolume = (volume: string): Known<VolumeNotFound> => ({
  condition: "noSuchVolume",
  error: () => new VolumeNotFound({ volume })
})

/** @internal */
export const resourceInUse = (kind: ResourceInUse["kind"], name: string): Known<ResourceInUse> => ({
  condition: "resourceInUse",
  error: (detail) => new ResourceInUse({ kind, resource: name, detail })
})

/** @internal */
export const subnetUnavailable = (network: string): ReadonlyArray<Known<SubnetUnavailable>> => [
  { condition: "subnetOverlaps", error: (detail) => new SubnetUnavailable({ network, reason: "Overlap", detail }) },
  { condition: "subnetsExhausted", error: (detail) => new SubnetUnavailable({ network, reason: "Exhausted", detail }) }
]

/** @internal */
export const portTaken = (container: string): Known<PortTaken> => ({
  condition: "portTaken",
  error: (detail) => new PortTaken({ container, detail })
})

/** @internal */
export const runtimeRefused = (container: string): Known<StartFailed> => ({
  condition: "runtime",
  error: (detail) => new StartFailed({ container, reason: runtimeReason(detail), detail })
})

/**
 * What may come of starting a container, besides what may come of any operation on it.
 *
 * @internal
 */
export const startKnown = (container: string): ReadonlyArray<Known<PortTaken | StartFailed | NetworkNotFound>> => [
  noSuchNetwork,
  portTaken(container),
  runtimeRefused(container)
]

/** @internal */
export const runtimeReason = (detail: string): "CommandNotFound" | "NotExecutable" | "Refused" => {
  if (says(detail, "notTheCommand")) return "Refused"
  if (says(detail, "commandNotFound")) return "CommandNotFound"
  return says(detail, "notExecutable") ? "NotExecutable" : "Refused"
}

/**
 * Says what a failed client means: one of the conditions known for the
 * operation, an engine that is gone, or an engine with a reason of its own.
 *
 * @internal
 */
export const explain = (engine: Engine.Engine, client: Client) => {
  const gone = (operation: string, reason: Probe["reason"], detail: string) =>
    new BackendUnavailable({
      operation,
      probes: [new Probe({ engine: engine.name, executable: client.executable, reason, detail })]
    })

  const answers = client.run(probeArguments(engine.client), { timeout: "10 seconds" })

  /** Fails with `BackendUnavailable` if the engine does not answer now. */
  const confirmGone = (operation: string) =>
    answers.pipe(
      Effect.mapError((error) => gone(operation, unavailableReason(error), lastLine(error.stderr))),
      Effect.asVoid
    )

  /** What is meant by what was said, for which there need not be an exit code. */
  const judge = <E>(
    operation: string,
    known: ReadonlyArray<Known<E>>,
    detail: string,
    cause?: CommandFailed.CommandFailed
  ): Effect.Effect<never, E | BackendUnavailable | EngineFailed> => {
    // A registry and an engine are out of reach in the same words.
    const isGone = says(detail, "unavailable") || says(detail, "permissionDenied") || cause?.reason === "Signal"
    const match = known.find(({ condition }) => says(detail, condition))
    if (match !== undefined) {
      const error = Effect.fail(match.error(detail.trim()))
      return match.condition === "unreachable" && isGone ? Effect.zipRight(confirmGone(operation), error) : error
    }
    const refused = new EngineFailed({
      engine: engine.name,
      operation,
      reason: says(detail, "conflict") ? "Conflict" : "Refused",
      detail: detail.trim() || (cause?.shortMessage ?? ""),
      ...(cause === undefined ? {} : { cause })
    })
    return isGone ? Effect.zipRight(confirmGone(operation), refused) : refused
  }

  const explain = (operation: string) =>
  <E = never>(...known: ReadonlyArray<Known<E>>) =>
  (
    error: CommandFailed.CommandFailed
  ): Effect.Effect<never, E | BackendUnavailable | EngineFailed> => {
    const detail = error.stderr.trim() === "" ? error.stdout : error.stderr
    const failed = (reason: EngineFailed["reason"]) =>
      new EngineFailed({
        engine: engine.name,
        operation,
        reason,
        detail: detail.trim() || error.shortMessage,
        cause: error.reason === "Input" ? error.cause : error
      })
    switch (error.reason) {
      case "NotFound":
      case "PermissionDenied":
        return gone(operation, unavailableReason(error), error.shortMessage)
      case "TimedOut":
        return failed("TimedOut")
      case "Input":
        return failed("InputFailed")
      default:
        return judge(operation, known, detail, error)
    }
  }

  const explainText = (operation: string) => <E = never>(...known: ReadonlyArray<Known<E>>) => (text: string) =>
    judge(operation, known, text)

  return { confirmGone, explain, explainText }
}

/** @internal */
export type Explain = ReturnType<typeof explain>

/** @internal */
export const probeArguments = (client: Engine.Name): ReadonlyArray<string> =>
  client === "docker" ? ["version", "--format", "{{.Server.Version}}"] : ["info", "--format", "{{.Host.Arch}}"]

/** @internal */
export const unavailableReason = (error: CommandFailed.CommandFailed): Probe["reason"] => {
  switch (error.reason) {
    case "NotFound":
      return "NotInstalled"
    case "PermissionDenied":
      return "PermissionDenied"
    case "ExitCode":
      if (says(error.stderr, "permissionDenied")) return "PermissionDenied"
      return says(error.stderr, "unavailable") ? "DaemonDown" : "UnexpectedAnswer"
    case "TimedOut":
      return "DaemonDown"
    default:
      return "UnexpectedAnswer"
  }
}

/** @internal */
export const lastLine = (text: string): string => text.trim().split("\n").at(-1) ?? ""
