import * as Reference from "@ociman/oci/Reference"
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as PubSub from "effect/PubSub"
import * as Ref from "effect/Ref"
import type { Event } from "../model/events.js"
import type { Container, Image, State } from "./state.js"

/**
 * Published events with their subscribers.
 *
 * @internal
 */
export interface Events {
  readonly published: PubSub.PubSub<Numbered>
  readonly count: Ref.Ref<number>
}

/** @internal */
export interface Numbered {
  readonly event: Event
  /** Number of earlier events. */
  readonly number: number
}

/** Number of past events that a new subscriber can receive, as in Docker. */
const replaySize = 256

/** @internal */
export const make: Effect.Effect<Events> = Effect.all({
  published: PubSub.unbounded<Numbered>({ replay: replaySize }),
  count: Ref.make(0)
})

type WithEvents = { readonly events: Events }

/** @internal */
export const publish = ({ events }: WithEvents, event: Omit<Event, "time">): Effect.Effect<void> =>
  Effect.gen(function*() {
    const time = DateTime.unsafeMake(yield* Clock.currentTimeMillis)
    const number = yield* Ref.getAndUpdate(events.count, (count) => count + 1)
    yield* PubSub.publish(events.published, { number, event: { time, ...event } })
  })

/**
 * Publishes the events of a change of the state.
 *
 * @internal
 */
export const publishChanges = (context: WithEvents, before: State, after: State): Effect.Effect<void> =>
  before === after
    ? Effect.void
    : Effect.gen(function*() {
      if (before.containers !== after.containers) {
        const old = new Map(before.containers.map((container) => [container.id, container]))
        const now = new Map(after.containers.map((container) => [container.id, container]))
        yield* Effect.forEach(
          before.containers,
          (container) => containerChanges(context, container, now.get(container.id)),
          { discard: true }
        )
        yield* Effect.forEach(
          after.containers,
          (container) => old.has(container.id) ? Effect.void : publish(context, ofContainer(container, "create")),
          { discard: true }
        )
      }
      if (before.images !== after.images) yield* imageChanges(context, before.images, after.images)
    })

const containerChanges = (context: WithEvents, before: Container, after: Container | undefined) =>
  Effect.gen(function*() {
    if (before === after) return
    const emit = (action: string, attributes: Readonly<Record<string, string>> = {}) =>
      publish(context, ofContainer(after ?? before, action, attributes))
    if (after !== undefined && after.name !== before.name) yield* emit("rename", { oldName: before.name })
    const [run, next] = [Option.getOrUndefined(before.run), Option.getOrUndefined(after?.run ?? Option.none())]
    if (run !== undefined && run.exited !== next?.exited) {
      yield* emit("die", { exitCode: yield* exitCodeOf(run.exited) })
    }
    if (next !== undefined && run?.exited !== next.exited) yield* emit("start")
    if (after === undefined) return yield* emit("destroy")
    if (before.status === "running" && after.status === "paused") yield* emit("pause")
    if (before.status === "paused" && after.status === "running") yield* emit("unpause")
  })

const exitCodeOf = (exited: Deferred.Deferred<number>) =>
  Effect.flatMap(
    Deferred.poll(exited),
    Option.match({ onNone: () => Effect.succeed(""), onSome: Effect.map(String) })
  )

const ofContainer = (
  { definition, id, labels, name }: Container,
  action: string,
  attributes: Readonly<Record<string, string>> = {}
): Omit<Event, "time"> => ({
  type: "container",
  action,
  id,
  name,
  attributes: { ...labels, ...attributes, image: Reference.format(definition.image), name }
})

const imageChanges = (context: WithEvents, before: ReadonlyArray<Image>, after: ReadonlyArray<Image>) => {
  const namesOf = (images: ReadonlyArray<Image>) =>
    new Map(images.flatMap((image) => image.names.map((name) => [name, image] as const)))
  const [old, now] = [namesOf(before), namesOf(after)]
  const emit = (action: string, name: string, { id, labels }: Image) =>
    publish(context, { type: "image", action, id, name, attributes: { ...labels, name } })
  return Effect.gen(function*() {
    for (const [name, image] of old) if (now.get(name)?.id !== image.id) yield* emit("untag", name, image)
    for (const [name, image] of now) if (old.get(name)?.id !== image.id) yield* emit("tag", name, image)
    for (const image of before) {
      const left = after.find(({ id }) => id === image.id)
      if (image.names.length > 0 && left !== undefined && left.names.length === 0) {
        yield* emit("delete", image.names[0] ?? "", image)
      }
    }
  })
}
