import type * as Platform from "@ociman/oci/Platform"
import * as Reference from "@ociman/oci/Reference"
import type * as Tar from "@ociman/oci/Tar"
import * as Data from "effect/Data"
import type * as Duration from "effect/Duration"
import { dual } from "effect/Function"
import * as Inspectable from "effect/Inspectable"
import * as Option from "effect/Option"
import { type Pipeable, pipeArguments } from "effect/Pipeable"
import * as Predicate from "effect/Predicate"
import type * as Redacted from "effect/Redacted"
import type * as ContainerName from "../../ContainerName.js"
import type * as Device from "../../Device.js"
import * as Environment from "../../Environment.js"
import type * as ExtraHost from "../../ExtraHost.js"
import type * as HealthCheck from "../../HealthCheck.js"
import type { HostFiles } from "../../HostFiles.js"
import type * as IpAddress from "../../IpAddress.js"
import * as Label from "../../Label.js"
import type * as Mount from "../../Mount.js"
import type * as Port from "../../Port.js"
import type * as RestartPolicy from "../../RestartPolicy.js"
import type * as Ulimit from "../../Ulimit.js"
import type * as User from "../../User.js"
import * as containerPath from "../values/containerPath.js"

export const TypeId: unique symbol = Symbol.for("@ociman/containers/Definition")

type TypeId = typeof TypeId

/** Description of a container, see the module `Definition`. */
export interface Definition extends Pipeable, Inspectable.Inspectable, Fields {
  readonly [TypeId]: TypeId
}

export type PullPolicy = "always" | "missing" | "never"

export interface Fields {
  readonly image: Reference.Reference
  readonly pullPolicy: PullPolicy
  readonly platform: Option.Option<Platform.Platform>
  readonly name: Option.Option<ContainerName.ContainerName>
  readonly entrypoint: Option.Option<ReadonlyArray<string>>
  readonly arguments: ReadonlyArray<string>
  readonly environment: Environment.Environment
  readonly labels: Label.Labels
  readonly user: Option.Option<User.User>
  readonly workingDirectory: Option.Option<string>
  readonly interactive: boolean
  readonly tty: boolean
  readonly init: boolean
  readonly autoRemove: boolean
  readonly restartPolicy: Option.Option<RestartPolicy.RestartPolicy>
  readonly healthCheck: Option.Option<HealthCheck.HealthCheck>
  readonly stopSignal: Option.Option<string>
  readonly stopTimeout: Option.Option<Duration.Duration>
  readonly hostname: Option.Option<string>
  readonly network: Option.Option<string>
  readonly networkAliases: ReadonlyArray<string>
  readonly networkAddresses: ReadonlyArray<IpAddress.IpAddress>
  readonly extraHosts: ReadonlyArray<ExtraHost.ExtraHost>
  readonly dns: ReadonlyArray<string>
  readonly ports: ReadonlyArray<Port.Port>
  readonly mounts: ReadonlyArray<Mount.Mount>
  readonly files: ReadonlyArray<PlacedFile>
  readonly readOnlyRoot: boolean
  readonly privileged: boolean
  readonly addedCapabilities: ReadonlyArray<string>
  readonly droppedCapabilities: ReadonlyArray<string>
  readonly securityOptions: ReadonlyArray<string>
  readonly devices: ReadonlyArray<Device.Device>
  readonly ulimits: ReadonlyArray<Ulimit.Ulimit>
  /** Bytes. */
  readonly memory: Option.Option<number>
  readonly cpus: Option.Option<number>
  /** Bytes. */
  readonly sharedMemory: Option.Option<number>
  readonly logDriver: Option.Option<LogDriver>
  readonly rawFlags: ReadonlyArray<string>
}

/** File copied into the container between create and start. */
export type PlacedFile =
  | {
    readonly _tag: "Content"
    readonly path: string
    readonly content: Redacted.Redacted<string | Uint8Array>
    readonly attributes: Tar.Attributes
  }
  | { readonly _tag: "HostFiles"; readonly path: string; readonly source: HostFiles }

/** Log driver and its options. */
export interface LogDriver {
  readonly name: string
  readonly options: Readonly<Record<string, string>>
}

/** Combinator with one value, before or after the definition. */
export interface With<in A> {
  (value: A): (self: Definition) => Definition
  (self: Definition, value: A): Definition
}

/** Combinator with any number of values. */
export interface WithMany<in A> {
  (...values: ReadonlyArray<A>): (self: Definition) => Definition
  (self: Definition, ...values: ReadonlyArray<A>): Definition
}

/** @internal */
export const isDefinition = (u: unknown): u is Definition => Predicate.hasProperty(u, TypeId)

class DefinitionImpl extends Data.Class<Fields> implements Definition {
  readonly [TypeId]: TypeId = TypeId
  toJSON() {
    const { environment, files, image, ...rest } = this
    return {
      _id: "@ociman/containers/Definition",
      ...rest,
      image: Reference.format(image),
      environment: Environment.names(environment),
      files: files.map(({ path }) => path)
    }
  }
  override toString() {
    return Inspectable.format(this.toJSON())
  }
  [Inspectable.NodeInspectSymbol]() {
    return this.toJSON()
  }
  pipe() {
    return pipeArguments(this, arguments)
  }
}

/** @internal */
export const modify = (self: Definition, fields: Partial<Fields>): Definition =>
  new DefinitionImpl({ ...self, ...fields })

/** @internal */
export const withValue = <A>(fields: (value: A, self: Definition) => Partial<Fields>): With<A> =>
  dual(2, (self: Definition, value: A) => modify(self, fields(value, self)))

/** @internal */
export const withMany = <A>(
  fields: (values: ReadonlyArray<A>, self: Definition) => Partial<Fields>
): WithMany<A> =>
  dual(
    (args) => isDefinition(args[0]),
    (self: Definition, ...values: ReadonlyArray<A>) => modify(self, fields(values, self))
  )

/**
 * Normalises the path of a file in a container. Throws if it is not absolute, or the root.
 *
 * @internal
 */
export const absolutePath = (path: string): string =>
  Option.getOrThrowWith(
    Option.filter(containerPath.normalize(path), (path) => path !== "/"),
    () => new Error(`${JSON.stringify(path)} is not an absolute path of a file in a container.`)
  )

/**
 * Describes a container with the image's defaults.
 *
 * @internal
 */
export const initial = (image: Reference.Reference): Definition =>
  new DefinitionImpl({
    image,
    pullPolicy: "missing",
    platform: Option.none(),
    name: Option.none(),
    entrypoint: Option.none(),
    arguments: [],
    environment: Environment.empty,
    labels: Label.empty,
    user: Option.none(),
    workingDirectory: Option.none(),
    interactive: false,
    tty: false,
    init: false,
    autoRemove: false,
    restartPolicy: Option.none(),
    healthCheck: Option.none(),
    stopSignal: Option.none(),
    stopTimeout: Option.none(),
    hostname: Option.none(),
    network: Option.none(),
    networkAliases: [],
    networkAddresses: [],
    extraHosts: [],
    dns: [],
    ports: [],
    mounts: [],
    files: [],
    readOnlyRoot: false,
    privileged: false,
    addedCapabilities: [],
    droppedCapabilities: [],
    securityOptions: [],
    devices: [],
    ulimits: [],
    memory: Option.none(),
    cpus: Option.none(),
    sharedMemory: Option.none(),
    logDriver: Option.none(),
    rawFlags: []
  })
