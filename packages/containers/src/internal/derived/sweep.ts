import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type { BackendDriver } from "../../BackendDriver.js"
import type { BackendError, EngineError } from "../../BackendError.js"
import * as Label from "../../Label.js"
import * as Session from "../../Session.js"
import type { HostedDriver } from "../contract/host.js"
import * as libraryLabels from "../contract/libraryLabels.js"
import type { Service } from "../contract/service.js"

/** Something on an engine that may be a leftover, and how it is removed. */
interface Candidate {
  readonly kind: Session.Leftover["kind"]
  readonly id: string
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly remove: Effect.Effect<void, BackendError>
}

interface Found {
  readonly leftover: Session.Leftover
  readonly remove: Candidate["remove"]
}

/**
 * Removes what dead processes left. Two rules keep the resources of others
 * safe: the engine's filters only shorten the lists, so candidates are filtered
 * here again by their own labels; and nothing that a remaining container uses is
 * removed or disconnected, whoever made it.
 *
 * @internal
 */
export const sweep = (driver: HostedDriver): Service["sweep"] => ({ dryRun = false, kept = false, labels = [] } = {}) =>
  Effect.gen(function*() {
    const filters = [...Session.labelKeys.map((key) => Label.has(key)), ...labels]
    // In this order, since what is used by another cannot be removed.
    const candidates = [
      ...(yield* containers(driver, filters)),
      ...(yield* networks(driver, filters)),
      ...(yield* volumes(driver, filters))
    ]
    const found = candidates
      .filter((candidate) => Label.matchesAll(candidate.labels, filters))
      .filter(({ labels }) => kept || !libraryLabels.isKept(labels))
      .flatMap(leftover)
    const dead = yield* Effect.filter(
      found,
      ({ leftover: { owner } }) => Effect.map(driver.host.liveness(owner.process), (alive) => alive === "Dead"),
      { concurrency: 8 }
    )
    return dryRun ? { removed: dead.map(({ leftover }) => leftover), failed: [] } : yield* removeAll(dead)
  }).pipe(
    Effect.withSpan("Backend.sweep", {
      captureStackTrace: false,
      attributes: { engine: driver.engine.name, dryRun }
    })
  )

const leftover = ({ id, kind, labels, name, remove }: Candidate): ReadonlyArray<Found> =>
  Option.match(Session.fromLabels(labels), {
    onNone: () => [],
    onSome: (owner) => [{ leftover: { kind, id, name, owner }, remove }]
  })

const removeAll = (found: ReadonlyArray<Found>): Effect.Effect<Session.Sweep> =>
  Effect.gen(function*() {
    const removed: Array<Session.Leftover> = []
    const failed: Array<Session.Sweep["failed"][number]> = []
    for (const kind of ["container", "network", "volume"] as const) {
      const ofKind = found.filter(({ leftover }) => leftover.kind === kind)
      const results = yield* Effect.forEach(ofKind, ({ remove }) => Effect.either(remove), { concurrency: 4 })
      ofKind.forEach(({ leftover }, index) => {
        const result = results[index]
        if (result !== undefined && Either.isLeft(result)) failed.push({ leftover, error: result.left })
        else removed.push(leftover)
      })
    }
    return { removed, failed }
  })

const containers = (
  driver: BackendDriver,
  filters: ReadonlyArray<Label.Filter>
): Effect.Effect<ReadonlyArray<Candidate>, EngineError> =>
  Effect.gen(function*() {
    const infos = yield* driver.containers.list(filters)
    if (infos.length === 0) return []
    const inherited = yield* inheritedCreations(driver)
    return infos
      .filter(({ imageId, labels }) => libraryLabels.creationOf(labels) !== inherited.get(digits(imageId)))
      .map(({ id, labels, name }) => ({
        kind: "container" as const,
        id,
        name,
        labels,
        remove: driver.containers.remove(id, { force: true, volumes: true, grace: Duration.zero }).pipe(
          // Two that remove the same at once may get in each other's way.
          Effect.catchAll((error) => Effect.zipRight(driver.containers.inspect(id), Effect.fail(error))),
          Effect.catchTag("ContainerNotFound", () => Effect.void)
        )
      }))
  })

const networks = (driver: BackendDriver, filters: ReadonlyArray<Label.Filter>) =>
  Effect.map(driver.networks.list(filters), (infos) =>
    infos.map(({ id, labels, name }): Candidate => ({
      kind: "network",
      id,
      name,
      labels,
      remove: Effect.catchTag(
        driver.networks.remove(id, { force: false, unusedOnly: true }),
        "NetworkNotFound",
        () => Effect.void
      )
    })))

const volumes = (driver: BackendDriver, filters: ReadonlyArray<Label.Filter>) =>
  Effect.map(driver.volumes.list(filters), (infos) =>
    infos.map(({ labels, name }): Candidate => ({
      kind: "volume",
      id: name,
      name,
      labels,
      remove: Effect.catchTag(
        driver.volumes.remove(name, { force: false }),
        "VolumeNotFound",
        () => Effect.void
      )
    })))

/** An image that was made of a container has its labels, and gives them to the containers made of it. */
const inheritedCreations = (driver: BackendDriver) =>
  Effect.map(
    driver.images.list([Label.has(libraryLabels.creationKey)]),
    (images) => new Map(images.map(({ id, labels }) => [digits(id), libraryLabels.creationOf(labels)]))
  )

// Docker writes the algorithm before them.
const digits = (id: string) => id.replace(/^\w+:/, "")
