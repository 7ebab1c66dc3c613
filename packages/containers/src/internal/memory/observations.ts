import * as DateTime from "effect/DateTime"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as PubSub from "effect/PubSub"
import * as Stream from "effect/Stream"
import type { Containers, Events } from "../../BackendDriver.js"
import type { ContainerError } from "../../BackendError.js"
import type { Stats } from "../../ContainerInfo.js"
import * as User from "../../User.js"
import type { Event, Filter } from "../model/events.js"
import { type Context, getContainer, scripted } from "./context.js"
import type { Numbered } from "./events.js"
import * as State from "./state.js"

/** @internal */
export const observations = (context: Context): Pick<Containers, "processes" | "stats"> & Events => {
  const getRunning = (
    operation: string,
    key: string
  ): Effect.Effect<readonly [State.Container, State.Run], ContainerError> =>
    Effect.flatMap(getContainer(context, key), (container) =>
      Option.match(container.run, {
        onNone: () => State.failed(operation, "Conflict", `Container ${container.id} is not running`),
        onSome: (run) => Effect.succeed([container, run])
      }))

  return {
    stats: (key, { follow }) =>
      Stream.unwrap(Effect.map(getRunning("Container.stats", key), ([container, { exited }]) => {
        const samples = context.options.stats?.(scripted(container)) ??
          Stream.concat(Stream.succeed(idle(container)), Stream.never)
        return follow ? Stream.interruptWhen(samples, Deferred.await(exited)) : Stream.take(samples, 1)
      })),

    processes: (key) =>
      Effect.map(getRunning("Container.processes", key), ([{ definition }]) => [{
        pid: 1,
        user: Option.match(definition.user, { onNone: () => "root", onSome: User.format }),
        command: [...Option.getOrElse(definition.entrypoint, () => []), ...definition.arguments].join(" ")
      }]),

    subscribe: (filter) =>
      Effect.gen(function*() {
        const queue = yield* PubSub.subscribe(context.events.published)
        const first = filter.since === undefined ? yield* context.events.count.get : 0
        return Stream.fromQueue(queue).pipe(
          Stream.takeWhile(({ event }) => filter.until === undefined || DateTime.lessThan(event.time, filter.until)),
          Stream.filterMap(({ event, number }: Numbered) =>
            number >= first && matchesFilter(event, filter) ? Option.some(event) : Option.none()
          )
        )
      })
  }
}

const idle = ({ definition }: State.Container): Stats => ({
  cpu: 0,
  cpuTime: Option.none(),
  memory: { used: 0, limit: Option.getOrElse(definition.memory, () => 2 ** 30) },
  network: { received: 0, sent: 0 },
  blockDevices: { read: 0, written: 0 },
  processes: 1
})

const matchesFilter = (event: Event, { actions, container, labels = [], since, types }: Filter): boolean =>
  (since === undefined || DateTime.greaterThanOrEqualTo(event.time, since)) &&
  (types === undefined || types.includes(event.type)) &&
  (actions === undefined || actions.includes(event.action)) &&
  (container === undefined || (event.type === "container" && (event.id === container || event.name === container))) &&
  State.matches(event.attributes, labels)
