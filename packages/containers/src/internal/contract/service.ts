import type * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import type * as BackendDriver from "../../BackendDriver.js"
import type * as BackendError from "../../BackendError.js"
import type * as Definition from "../../Definition.js"
import type * as Exec from "../../Exec.js"
import type * as NetworkInfo from "../../NetworkInfo.js"
import type * as Output from "../../Output.js"
import type * as Session from "../../Session.js"
import type * as VolumeInfo from "../../VolumeInfo.js"
import type { Container, RunOptions } from "../model/container.js"
import type { Network } from "../model/network.js"
import type { Volume } from "../model/volume.js"
import type { Host } from "./host.js"

export interface Service extends BackendDriver.BackendDriver, Derived {
  readonly host: Host
}

/** Operations derived from those of a driver. */
export interface Derived {
  /** Creates a container without starting it; it is removed when the scope closes. */
  readonly create: (
    definition: Definition.Definition
  ) => Effect.Effect<Container, BackendError.StartError, Scope.Scope>
  /** Starts a container that is stopped and removed when the scope closes. */
  readonly start: (
    definition: Definition.Definition
  ) => Effect.Effect<Container, BackendError.StartError, Scope.Scope>
  /** Starts a container that the caller stops and removes. */
  readonly launch: (definition: Definition.Definition) => Effect.Effect<Container, BackendError.StartError>
  /** Runs a container to its end and removes it. */
  readonly run: (
    definition: Definition.Definition,
    options?: RunOptions
  ) => Effect.Effect<Exec.Result, BackendError.StartError | BackendError.RunFailed>
  /** Runs a container to its end, streams its output, and removes it. */
  readonly runStream: (
    definition: Definition.Definition,
    options?: RunOptions
  ) => Stream.Stream<Output.Output, BackendError.StartError | BackendError.RunFailed>
  /**
   * Builds an image unless the engine has one of that reference, and reports whether this call built it. Builds of one
   * reference wait for each other.
   */
  readonly ensureImage: (
    request: BackendDriver.BuildRequest
  ) => Effect.Effect<boolean, BackendError.BuildFailed | BackendError.EngineError>
  /** Returns the handle of an existing container, by its id or name. */
  readonly attach: (container: string) => Effect.Effect<Container, BackendError.ContainerError>
  /** Removes resources of processes that have ended, see `Backend.sweep`. */
  readonly sweep: (options?: Session.SweepOptions) => Effect.Effect<Session.Sweep, BackendError.EngineError>
  /** Creates a network that is removed when the scope closes. */
  readonly makeNetwork: (
    request: NetworkRequest
  ) => Effect.Effect<Network, BackendError.CreateNetworkError, Scope.Scope>
  /** Returns the handle of an existing network, by its id or name. */
  readonly attachNetwork: (network: string) => Effect.Effect<Network, BackendError.NetworkError>
  /** Creates a volume that is removed when the scope closes. */
  readonly makeVolume: (
    request: VolumeRequest
  ) => Effect.Effect<Volume, BackendError.NameInUse | BackendError.EngineError, Scope.Scope>
  /** Returns the handle of an existing volume, by its name. */
  readonly attachVolume: (volume: string) => Effect.Effect<Volume, BackendError.VolumeError>
}

/** Network to create. Without a name it gets a unique one. */
export interface NetworkRequest extends Omit<BackendDriver.NetworkRequest, "name"> {
  readonly name: Option.Option<NetworkInfo.Name>
}

/** Volume to create. Without a name it gets a unique one. */
export interface VolumeRequest extends Omit<BackendDriver.VolumeRequest, "name"> {
  readonly name: Option.Option<VolumeInfo.Name>
}
