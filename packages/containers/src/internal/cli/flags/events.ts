import * as DateTime from "effect/DateTime"
import type { Name } from "../../../Engine.js"
import type { Filter } from "../../model/events.js"
import * as labelFilters from "./labelFilters.js"

/** @internal */
export const eventArguments = (
  { client }: { readonly client: Name },
  since: string,
  { container, labels = [], types = [], until }: Filter
): ReadonlyArray<string> => [
  "events",
  "--format",
  client === "podman" ? "json" : "{{json .}}",
  "--since",
  since,
  ...(until === undefined ? [] : ["--until", DateTime.formatIso(until)]),
  ...types.flatMap((type) => ["--filter", `type=${type}`]),
  ...(container === undefined ? [] : ["--filter", `container=${container}`]),
  ...labelFilters.flags({ client }, labels)
]
