import * as Platform from "@ociman/oci/Platform"
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import type * as ContainerName from "../../../ContainerName.js"
import type * as Definition from "../../../Definition.js"
import * as Device from "../../../Device.js"
import * as Engine from "../../../Engine.js"
import * as ExtraHost from "../../../ExtraHost.js"
import * as IpAddress from "../../../IpAddress.js"
import * as Label from "../../../Label.js"
import * as Port from "../../../Port.js"
import * as RestartPolicy from "../../../RestartPolicy.js"
import * as Ulimit from "../../../Ulimit.js"
import * as User from "../../../User.js"
import { healthCheckArguments } from "./healthCheck.js"
import * as imageArguments from "./image.js"
import { formatMount } from "./mount.js"

type Arguments = ReadonlyArray<string>

const flag = (name: string, isSet: boolean): Arguments => isSet ? [name] : []

const each = <A>(name: string, values: Iterable<A>, format: (value: A) => string): Arguments =>
  Array.from(values).flatMap((value) => [name, format(value)])

const some = <A>(name: string, value: Option.Option<A>, format: (value: A) => string): Arguments =>
  Option.match(value, { onNone: () => [], onSome: (a) => [name, format(a)] })

const same = (text: string) => text

/** Environment as encoded by `encodeEnvironment`. */
export interface EnvironmentArguments {
  readonly names: ReadonlyArray<string>
  readonly file: Option.Option<string>
}

/** @internal */
export const environmentArguments = ({ file, names }: EnvironmentArguments): Arguments => [
  ...some("--env-file", file, same),
  ...each("--env", names, same)
]

/**
 * Arguments of the client that create a container. They contain no values of
 * environment variables.
 *
 * @internal
 */
export const createArguments = (
  engine: Engine.Engine<Engine.Cli>,
  definition: Definition.Definition,
  name: ContainerName.ContainerName,
  environment: EnvironmentArguments
): Arguments => {
  const [entrypoint, ...entrypointArguments] = Option.getOrElse(definition.entrypoint, () => [])
  return [
    "container",
    "create",
    ...pullNever(engine),
    "--name",
    name,
    ...lifecycle(definition),
    ...environmentArguments(environment),
    ...each("--label", definition.labels, ([key, value]) => Label.format({ key, value })),
    ...network(engine, definition),
    ...definition.mounts.flatMap((mount) => formatMount(mount, engine.transport.client)),
    ...resources(definition),
    ...security(definition),
    ...some("--platform", definition.platform, Platform.format),
    ...some("--user", definition.user, User.format),
    ...some("--workdir", definition.workingDirectory, same),
    ...(Option.isSome(definition.entrypoint) ? ["--entrypoint", entrypoint ?? ""] : []),
    ...definition.rawFlags,
    imageArguments.lookup(definition.image),
    ...entrypointArguments,
    ...definition.arguments
  ]
}

// Docker's `create` has `--pull` since 20.10.
const pullNever = (engine: Engine.Engine<Engine.Cli>): Arguments =>
  engine.transport.client === "podman" || Engine.isAtLeast(engine.transport.apiVersion, 1, 41)
    ? ["--pull", "never"]
    : []

const lifecycle = (definition: Definition.Definition): Arguments => [
  ...flag("--rm", definition.autoRemove),
  ...flag("--tty", definition.tty),
  ...flag("--interactive", definition.interactive),
  ...flag("--init", definition.init),
  ...some("--restart", definition.restartPolicy, RestartPolicy.format),
  ...some("--stop-signal", definition.stopSignal, same),
  ...some("--stop-timeout", definition.stopTimeout, wholeSeconds),
  ...Option.match(definition.healthCheck, { onNone: () => [], onSome: healthCheckArguments }),
  ...some("--log-driver", definition.logDriver, (driver) => driver.name),
  ...Option.match(definition.logDriver, {
    onNone: () => [],
    onSome: ({ options }) => each("--log-opt", Object.entries(options), ([key, value]) => `${key}=${value}`)
  })
]

const network = (engine: Engine.Engine<Engine.Cli>, definition: Definition.Definition): Arguments => {
  const defaultHostIp = Option.isSome(engine.remoteHost) ? undefined : "127.0.0.1"
  return [
    ...each("--publish", definition.ports, Port.format({ defaultHostIp })),
    ...some("--network", definition.network, same),
    ...each("--network-alias", definition.networkAliases, same),
    ...addressArguments(definition.networkAddresses),
    ...some("--hostname", definition.hostname, same),
    ...each("--add-host", definition.extraHosts, ExtraHost.format),
    ...each("--dns", definition.dns, same)
  ]
}

/** @internal */
export const addressArguments = (addresses: ReadonlyArray<IpAddress.IpAddress>): Arguments =>
  addresses.flatMap((address) => [IpAddress.family(address) === "ipv4" ? "--ip" : "--ip6", address])

const resources = (definition: Definition.Definition): Arguments => [
  ...some("--memory", definition.memory, String),
  ...some("--cpus", definition.cpus, String),
  ...some("--shm-size", definition.sharedMemory, String),
  ...each("--ulimit", definition.ulimits, Ulimit.format),
  ...each("--device", definition.devices, Device.format)
]

const security = (definition: Definition.Definition): Arguments => [
  ...flag("--privileged", definition.privileged),
  ...flag("--read-only", definition.readOnlyRoot),
  ...each("--cap-add", definition.addedCapabilities, same),
  ...each("--cap-drop", definition.droppedCapabilities, same),
  ...each("--security-opt", definition.securityOptions, same)
]

/** @internal */
export const wholeSeconds = (duration: Duration.Duration): string => String(Math.ceil(Duration.toSeconds(duration)))
