import type * as CommandFailed from "@ociman/process/CommandFailed"
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
import { type Condition, matches, missingNetwork } from "../dialect/messages.js"
import type { Client } from "./client.js"

/**
 * Condition of an operation that has an error of its own. In a list, the first
 * match counts.
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
 * Known failures of a pull. Some registries deny access to images that they do
 * not have; this is reported as `Denied`.
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
 * Known failures of a push.
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
 * The name of the network is read from the message, since it may differ from the requested one.
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
 * Known failures of a start, in addition to those of any operation on a container.
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
  if (matches(detail, "notTheCommand")) return "Refused"
  if (matches(detail, "commandNotFound")) return "CommandNotFound"
  return matches(detail, "notExecutable") ? "NotExecutable" : "Refused"
}

/**
 * Makes the functions that convert a failure of the client to a typed error: a
 * known condition of the operation, an unavailable engine, or `EngineFailed`.
 *
 * @internal
 */
export const explain = (engine: Engine.Engine<Engine.Cli>, client: Client) => {
  const unavailable = (operation: string, reason: Probe["reason"], detail: string) =>
    new BackendUnavailable({
      operation,
      probes: [new Probe({ engine: engine.name, executable: client.executable, reason, detail })]
    })

  const probe = client.run(probeArguments(engine.transport.client), { timeout: "10 seconds" })

  /** Fails with `BackendUnavailable` if the engine does not answer now. */
  const failIfUnavailable = (operation: string) =>
    probe.pipe(
      Effect.mapError((error) => unavailable(operation, unavailableReason(error), lastLine(error.stderr))),
      Effect.asVoid
    )

  /** Error of a message, with or without a failed command. */
  const classify = <E>(
    operation: string,
    known: ReadonlyArray<Known<E>>,
    detail: string,
    cause?: CommandFailed.CommandFailed
  ): Effect.Effect<never, E | BackendUnavailable | EngineFailed> => {
    // Clients report an unreachable registry and an unreachable engine in the same words.
    const mayBeUnavailable = matches(detail, "unavailable") || matches(detail, "permissionDenied") ||
      cause?.reason === "Signal"
    const match = known.find(({ condition }) => matches(detail, condition))
    if (match !== undefined) {
      const error = Effect.fail(match.error(detail.trim()))
      return match.condition === "unreachable" && mayBeUnavailable
        ? Effect.zipRight(failIfUnavailable(operation), error)
        : error
    }
    const refused = new EngineFailed({
      engine: engine.name,
      operation,
      reason: matches(detail, "conflict") ? "Conflict" : "Refused",
      detail: detail.trim() || (cause?.shortMessage ?? ""),
      ...(cause === undefined ? {} : { cause })
    })
    return mayBeUnavailable ? Effect.zipRight(failIfUnavailable(operation), refused) : refused
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
        return unavailable(operation, unavailableReason(error), error.shortMessage)
      case "TimedOut":
        return failed("TimedOut")
      case "Input":
        return failed("InputFailed")
      default:
        return classify(operation, known, detail, error)
    }
  }

  const explainText = (operation: string) => <E = never>(...known: ReadonlyArray<Known<E>>) => (text: string) =>
    classify(operation, known, text)

  return { failIfUnavailable, explain, explainText }
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
      if (matches(error.stderr, "permissionDenied")) return "PermissionDenied"
      return matches(error.stderr, "unavailable") ? "DaemonDown" : "UnexpectedAnswer"
    case "TimedOut":
      return "DaemonDown"
    default:
      return "UnexpectedAnswer"
  }
}

/** @internal */
export const lastLine = (text: string): string => text.trim().split("\n").at(-1) ?? ""
