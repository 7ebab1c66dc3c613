import * as DateTime from "effect/DateTime"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import * as Label from "../../Label.js"
import type { Event, Filter } from "../model/events.js"

/**
 * Reports whether an event has one of the actions and all the labels of a
 * filter. Actions are filtered here, since engines use different words for some
 * of them.
 *
 * @internal
 */
export const matchesFilter = ({ actions, labels = [] }: Filter) => ({ action, attributes }: Event): boolean =>
  (actions === undefined || actions.includes(action)) && Label.matchesAll(attributes, labels)

const Attributes = Schema.optional(Schema.NullOr(Schema.Record({ key: Schema.String, value: Schema.String })))

const Docker = Schema.Struct({
  Type: Schema.String,
  Action: Schema.String,
  Actor: Schema.Struct({ ID: Schema.String, Attributes }),
  timeNano: Schema.Number
})

// Version 5 has `timeNano` instead of the `Time` of version 4.
const Podman = Schema.extend(
  Schema.Struct({
    Type: Schema.String,
    Status: Schema.String,
    ID: Schema.optional(Schema.String),
    Name: Schema.optional(Schema.String),
    Image: Schema.optional(Schema.String),
    ContainerExitCode: Schema.optional(Schema.NullOr(Schema.Number)),
    Attributes
  }),
  Schema.Union(Schema.Struct({ timeNano: Schema.Number }), Schema.Struct({ Time: Schema.DateTimeUtc }))
)

const Type = Schema.Literal("container", "image", "network", "volume")

const isType = Schema.is(Type)

const decodeLine = Schema.decodeEither(Schema.parseJson(Schema.Union(Docker, Podman)))

/**
 * Decodes one event; none if it is of another type, such as a plugin.
 */
export const decode = (line: string): Either.Either<Option.Option<Event>, ParseResult.ParseError> =>
  Either.map(decodeLine(line), (answer) =>
    isType(answer.Type)
      ? Option.some("Actor" in answer ? ofDocker(answer.Type, answer) : ofPodman(answer.Type, answer))
      : Option.none())

const ofNanoseconds = (nanoseconds: number) => DateTime.unsafeMake(Math.floor(nanoseconds / 1e6))

const ofDocker = (type: Event["type"], { Action, Actor, timeNano }: typeof Docker.Type): Event => {
  // "exec_create: sh -c …", "health_status: healthy"
  const [action = "", ...detail] = Action.split(": ")
  const attributes = Actor.Attributes ?? {}
  return {
    time: ofNanoseconds(timeNano),
    type,
    action,
    id: Actor.ID,
    name: attributes["name"] ?? (type === "volume" ? Actor.ID : ""),
    attributes: action === "health_status" ? { ...attributes, health: detail.join(": ") } : attributes
  }
}

const ofPodman = (type: Event["type"], event: typeof Podman.Type): Event => {
  const action = actionOf(type, event.Status)
  const name = event.Name ?? ""
  return {
    time: "Time" in event ? event.Time : ofNanoseconds(event.timeNano),
    type,
    action,
    id: event.ID ?? (type === "volume" ? name : ""),
    name,
    attributes: {
      ...event.Attributes,
      ...(name === "" ? {} : { name }),
      ...(event.Image === undefined ? {} : { image: event.Image }),
      // Podman omits zeros.
      ...(action === "die" ? { exitCode: String(event.ContainerExitCode ?? 0) } : {})
    }
  }
}

const actionOf = (type: Event["type"], status: string): string => {
  switch (status) {
    case "died":
      return "die"
    case "remove":
      return type === "image" ? "delete" : "destroy"
    case "exec":
      return "exec_start"
    case "exec_died":
      return "exec_die"
    default:
      return status
  }
}
