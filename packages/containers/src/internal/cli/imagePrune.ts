import * as Digest from "@ociman/oci/Digest"
import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import type { Images } from "../../BackendDriver.js"
import { type EngineError, EngineFailed } from "../../BackendError.js"
import * as Label from "../../Label.js"
import * as messages from "../dialect/messages.js"
import type { Context } from "./context.js"
import * as labelFilters from "./flags/labelFilters.js"
import { retryOn } from "./retry.js"

/**
 * Removes unused images. Of several filters, Podman 4 requires any and Podman 5
 * all, so images are selected here and pruned one by one.
 *
 * @internal
 */
export const prune = (context: Context, list: Images["list"]): Images["prune"] => ({ all, labels }) =>
  context.engine.name === "podman" && labels.length > 0
    ? Effect.flatMap(list(labels), (infos) => pruneEach(context, all, infos.map(({ id }) => id)))
    : Effect.flatMap(exactFilters(context, labels), (filters) => pruneMatching(context, all, filters))

const pruneMatching = ({ client, explain }: Context, all: boolean, filters: ReadonlyArray<string>) =>
  client.run([
    "image",
    "prune",
    "--force",
    ...(all ? ["--all"] : []),
    ...filters.flatMap((filter) => ["--filter", filter])
  ], { timeout: "10 minutes" }).pipe(
    retryOn("pruneRunning"),
    retryOn("listingDisturbed"),
    Effect.catchAll(explain("Image.prune")()),
    Effect.map(({ stdout }) => messages.removedIds(stdout.text))
  )

const pruneEach = (
  context: Context,
  all: boolean,
  ids: ReadonlyArray<Digest.Digest>
): Effect.Effect<ReadonlyArray<Digest.Digest>, EngineError> =>
  Effect.gen(function*() {
    const removed = (yield* Effect.forEach(ids, (id) => pruneMatching(context, all, [`id=${Digest.encoded(id)}`])))
      .flat()
    const left = Arr.difference(ids, removed)
    // An image that was kept may have been in use by one that was removed after it.
    return removed.length === 0 || left.length === 0 ? removed : [...removed, ...yield* pruneEach(context, all, left)]
  })

// The engine removes what its filters select, so they must be exact.
const exactFilters = (
  { engine }: Context,
  labels: ReadonlyArray<Label.Filter>
): Effect.Effect<ReadonlyArray<string>, EngineError> => {
  const inexact = labels.find((filter) => !labelFilters.isExact(engine.transport.client, filter))
  return inexact === undefined ? Effect.succeed(labels.map(Label.formatFilter)) : new EngineFailed({
    engine: engine.name,
    operation: "Image.prune",
    reason: "Unsupported",
    detail: `Docker cannot select a label with an empty value or with white space around it (${
      JSON.stringify(Label.formatFilter(inexact))
    }); list the images by it and remove them one by one`
  })
}
