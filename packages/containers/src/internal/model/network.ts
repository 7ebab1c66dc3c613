import type * as Effect from "effect/Effect"
import type * as Inspectable from "effect/Inspectable"
import type { Pipeable } from "effect/Pipeable"
import type * as BackendError from "../../BackendError.js"
import type * as IpAddress from "../../IpAddress.js"
import type * as NetworkInfo from "../../NetworkInfo.js"
import type { Container } from "./container.js"

export const NetworkTypeId: unique symbol = Symbol.for("@ociman/containers/Network")

/**
 * The handle of a network. `Definition.network` takes it.
 */
export interface Network extends Pipeable, Inspectable.Inspectable {
  readonly [NetworkTypeId]: typeof NetworkTypeId
  readonly id: NetworkInfo.Id
  readonly name: string
  /**
   * Lets a container, by its handle, id or name, join this network too. One that has joined already is an
   * `EngineFailed` with the reason `Conflict`. Podman without root refuses a container that was started in its default
   * network.
   */
  readonly connect: (
    container: Container | string,
    options?: ConnectOptions
  ) => Effect.Effect<void, BackendError.NetworkError | BackendError.ContainerNotFound>
  /** One that has not joined is an `EngineFailed` with the reason `Conflict`. */
  readonly disconnect: (
    container: Container | string,
    options?: {
      /** Also one that is stopped or half removed. Default: false. */
      readonly force?: boolean | undefined
    }
  ) => Effect.Effect<void, BackendError.NetworkError | BackendError.ContainerNotFound>
  readonly inspect: Effect.Effect<NetworkInfo.NetworkInfo, BackendError.NetworkError>
  /** Without those this library adds. */
  readonly labels: Effect.Effect<Readonly<Record<string, string>>, BackendError.NetworkError>
  readonly remove: (options?: {
    /**
     * Disconnect containers first, stopped ones too. Default: false, which makes
     * them an error; to Docker, only those that run.
     */
    readonly force?: boolean | undefined
  }) => Effect.Effect<void, BackendError.NetworkError | BackendError.ResourceInUse>
}

export interface ConnectOptions {
  /** Names under which other containers of the network find this one, besides its own. */
  readonly aliases?: ReadonlyArray<string> | undefined
  /** The addresses it gets, one of IPv4 and one of IPv6 at the most. Default: free ones. */
  readonly addresses?: ReadonlyArray<IpAddress.IpAddress | string> | undefined
}
