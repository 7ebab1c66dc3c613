import type * as Effect from "effect/Effect"
import type * as Inspectable from "effect/Inspectable"
import type { Pipeable } from "effect/Pipeable"
import type * as BackendError from "../../BackendError.js"
import type * as IpAddress from "../../IpAddress.js"
import type * as NetworkInfo from "../../NetworkInfo.js"
import type { Container } from "./container.js"

export const NetworkTypeId: unique symbol = Symbol.for("@ociman/containers/Network")

/**
 * Handle of a network, for use with `Definition.network`.
 */
export interface Network extends Pipeable, Inspectable.Inspectable {
  readonly [NetworkTypeId]: typeof NetworkTypeId
  readonly id: NetworkInfo.Id
  readonly name: string
  /**
   * Connects a container, by its handle, id or name, to this network too. Fails with `EngineFailed` and the reason
   * `Conflict` if it is connected already. Rootless Podman refuses a container that was started in its default network.
   */
  readonly connect: (
    container: Container | string,
    options?: ConnectOptions
  ) => Effect.Effect<void, BackendError.NetworkError | BackendError.ContainerNotFound>
  /** Disconnects a container. Fails with `EngineFailed` and the reason `Conflict` if it is not connected. */
  readonly disconnect: (
    container: Container | string,
    options?: {
      /** If true, also disconnects a container that is stopped or partly removed. Default: false. */
      readonly force?: boolean | undefined
    }
  ) => Effect.Effect<void, BackendError.NetworkError | BackendError.ContainerNotFound>
  readonly inspect: Effect.Effect<NetworkInfo.NetworkInfo, BackendError.NetworkError>
  /** Labels, without those that this library adds. */
  readonly labels: Effect.Effect<Readonly<Record<string, string>>, BackendError.NetworkError>
  readonly remove: (options?: {
    /**
     * If true, disconnects containers in any state first; otherwise fails if any is connected, on Docker if any runs.
     * Default: false.
     */
    readonly force?: boolean | undefined
  }) => Effect.Effect<void, BackendError.NetworkError | BackendError.ResourceInUse>
}

export interface ConnectOptions {
  /** Names by which other containers of the network resolve this one, besides its own. */
  readonly aliases?: ReadonlyArray<string> | undefined
  /** Addresses of the container, at most one each of IPv4 and IPv6. Default: free ones. */
  readonly addresses?: ReadonlyArray<IpAddress.IpAddress | string> | undefined
}
