import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Execs } from "../../BackendDriver.js"
import { ExecFailed, HostNotResolved } from "../../BackendError.js"
import * as IpAddress from "../../IpAddress.js"
import type { Context } from "./context.js"
import * as Endpoints from "./endpoints.js"
import * as State from "./state.js"

/** @internal */
export const resolveHost = (context: Context): Execs["resolveHost"] => (key, host) =>
  Effect.flatMap(
    context.state.get,
    (state) =>
      Effect.flatMap(State.findContainer(state, key), (container): Answer => {
        if (container.status !== "running") {
          return new ExecFailed({
            container: key,
            command: `getent hosts ${host}`,
            reason: "ContainerNotRunning",
            exitCode: 1,
            stdout: "",
            stderr: "",
            detail: `the container is ${container.status}`
          })
        }
        const addresses = resolve(state, container, host)
        return Arr.isNonEmptyReadonlyArray(addresses)
          ? Effect.succeed(addresses)
          : new HostNotResolved({ container: key, host, reason: "UnknownHost", detail: "" })
      })
  )

type Answer = Effect.Effect<Arr.NonEmptyReadonlyArray<IpAddress.IpAddress>, ExecFailed | HostNotResolved>

const localhost = [IpAddress.make("127.0.0.1"), IpAddress.make("::1")]

const resolve = (state: State.State, container: State.Container, host: string): ReadonlyArray<IpAddress.IpAddress> => {
  if (host === "localhost") return localhost
  const extra = container.definition.extraHosts.filter((entry) => entry.host === host)
  return extra.length > 0
    ? extra.flatMap(({ address }) => address === "host-gateway" ? hostGateway(state) : [IpAddress.make(address)])
    : [...own(container, host), ...Endpoints.lookUp(state, container, host)]
}

// As in Docker, independent of the networks of the container.
const hostGateway = (state: State.State) =>
  state.networks
    .filter(({ name }) => name === "bridge")
    .flatMap(({ subnets }) => subnets.flatMap(({ gateway }) => Option.toArray(gateway)))

const own = ({ definition, endpoints, id }: State.Container, host: string) =>
  host === Option.getOrElse(definition.hostname, () => id.slice(0, 12))
    ? endpoints.flatMap(({ addresses }) => addresses)
    : []
