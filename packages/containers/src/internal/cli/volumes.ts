import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Containers, VolumeRequest, Volumes } from "../../BackendDriver.js"
import { type NameInUse, type ResourceInUse, VolumeNotFound } from "../../BackendError.js"
import * as Label from "../../Label.js"
import { nonEmptyLines, readAnswers } from "../dialect/inspection.js"
import * as volumeInfo from "../dialect/volumeInfo.js"
import { formatCsv } from "../values/csv.js"
import type { Context } from "./context.js"
import * as failures from "./failures.js"
import * as labelFilters from "./flags/labelFilters.js"
import { inspectListed } from "./inspectListed.js"

/** @internal */
export const volumes = (context: Context, removeContainer: Containers["remove"]): Volumes => ({
  create: create(context),
  inspect: inspect(context),
  list: list(context),
  remove: (volume, { force }) =>
    inspect(context)(volume).pipe(
      Effect.zipRight(force ? removeContainersOf(context, removeContainer, volume) : Effect.void),
      Effect.zipRight(remove(context, volume))
    )
})

const create = (context: Context): Volumes["create"] => (request) =>
  labelsAreCsv(context, request.labels).pipe(
    Effect.flatMap((areCsv) => context.client.run(createArguments(request, areCsv))),
    Effect.asVoid,
    Effect.catchAll(context.explain("Volume.create")<NameInUse>(failures.nameInUse("volume", request.name)))
  )

// Podman 4 parses the labels of a volume as CSV, later versions do not. The help text shows the type of the flag.
const labelsAreCsv = ({ client, engine }: Context, labels: Label.Labels) =>
  engine.transport.client === "podman" &&
    Array.from(labels).some(([key, value]) => labelFilters.csvSyntax.test(key + value))
    ? Effect.map(client.run(["volume", "create", "--help"]), ({ stdout }) => /--label strings\b/.test(stdout.text))
    : Effect.succeed(false)

// Podman accepts a prefix of a name for the name, even for a removal.
const inspect = (context: Context): Volumes["inspect"] => (volume) =>
  context.client.run(["volume", "inspect", volume]).pipe(
    Effect.catchAll(context.explain("Volume.inspect")(failures.noSuchVolume(volume))),
    Effect.flatMap(({ stdout }) => readAnswers(context, "Volume.inspect", stdout.text, volumeInfo.decode)),
    Effect.flatMap(([info]) => info?.name === volume ? Effect.succeed(info) : new VolumeNotFound({ volume }))
  )

const list = (context: Context): Volumes["list"] => (labels) =>
  Effect.gen(function*() {
    const { client, engine, explain } = context
    const operation = "Volume.list"
    const filters = labelFilters.flags(engine.transport, labels)
    const { stdout } = yield* client.run(["volume", "ls", "--quiet", ...filters]).pipe(
      Effect.catchAll(explain(operation)())
    )
    const infos = yield* inspectListed(
      context,
      operation,
      ["volume"],
      nonEmptyLines(stdout.text),
      "noSuchVolume",
      volumeInfo.decode
    )
    return labelFilters.select(infos, labels)
  })

const removeContainersOf = (
  { client, explain }: Context,
  removeContainer: Containers["remove"],
  volume: string
) =>
  client.run(["container", "ls", "--all", "--quiet", "--no-trunc", "--filter", `volume=${volume}`]).pipe(
    Effect.catchAll(explain("Volume.remove")()),
    Effect.flatMap(({ stdout }) =>
      Effect.forEach(
        nonEmptyLines(stdout.text),
        (container) =>
          Effect.catchTag(
            removeContainer(container, { force: true, volumes: true, grace: Duration.zero }),
            "ContainerNotFound",
            () => Effect.void
          ),
        { discard: true }
      )
    )
  )

const remove = ({ client, explain }: Context, volume: string) =>
  client.run(["volume", "rm", volume]).pipe(
    Effect.asVoid,
    Effect.catchAll(
      explain("Volume.remove")<VolumeNotFound | ResourceInUse>(
        failures.resourceInUse("volume", volume),
        failures.noSuchVolume(volume)
      )
    )
  )

const createArguments = (request: VolumeRequest, labelsAreCsv: boolean): ReadonlyArray<string> => [
  "volume",
  "create",
  ...Option.match(request.driver, { onNone: () => [], onSome: (driver) => ["--driver", driver] }),
  ...Object.entries(request.driverOptions).flatMap(([key, value]) => ["--opt", `${key}=${value}`]),
  ...Array.from(request.labels, ([key, value]) => Label.format({ key, value })).flatMap((label) => [
    "--label",
    labelsAreCsv ? formatCsv([label]) : label
  ]),
  request.name
]
