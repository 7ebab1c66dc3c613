import { Reference } from "@ociman/oci"
import * as Data from "effect/Data"
import { dual } from "effect/Function"
import * as Inspectable from "effect/Inspectable"
import * as Option from "effect/Option"
import { pipeArguments } from "effect/Pipeable"
import * as Predicate from "effect/Predicate"
import type { Definition } from "../Definition.js"
import * as Environment from "../Environment.js"
import * as Label from "../Label.js"
import * as containerPath from "./containerPath.js"

export const TypeId: unique symbol = Symbol.for("@ociman/containers/Definition")

type TypeId = typeof TypeId

/** @internal */
export const isDefinition = (u: unknown): u is Definition => Predicate.hasProperty(u, TypeId)

class DefinitionImpl extends Data.Class<Definition.Fields> implements Definition {
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
export const modify = (self: Definition, fields: Partial<Definition.Fields>): Definition =>
  new DefinitionImpl({ ...self, ...fields })

/** @internal */
export const withValue = <A>(fields: (value: A, self: Definition) => Partial<Definition.Fields>): Definition.With<A> =>
  dual(2, (self: Definition, value: A) => modify(self, fields(value, self)))

/** @internal */
export const withMany = <A>(
  fields: (values: ReadonlyArray<A>, self: Definition) => Partial<Definition.Fields>
): Definition.WithMany<A> =>
  dual(
    (args) => isDefinition(args[0]),
    (self: Definition, ...values: ReadonlyArray<A>) => modify(self, fields(values, self))
  )

/**
 * A path in a container, checked.
 *
 * @internal
 */
export const absolutePath = (path: string): string =>
  Option.getOrThrowWith(
    Option.filter(containerPath.normalize(path), (path) => path !== "/"),
    () => new Error(`${JSON.stringify(path)} is no absolute path of a file in a container.`)
  )

/**
 * Everything as the image says.
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
