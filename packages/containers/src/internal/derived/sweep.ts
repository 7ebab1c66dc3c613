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

/** Resource that may be a leftover, with the effect that removes it. */
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
 * Removes resources of dead processes. Two rules protect other resources: candidates are filtered again by their own
 * labels, so that filters of the engine only shorten the lists; and a resource that a remaining container uses is
 * neither removed nor disconnected.
 *
 * @internal
 */
export const sweep = (driver: HostedDriver): Service["sweep"] => ({ dryRun = false, kept = false, labels = [] } = {}) =>
  Effect.gen(function*() {
    const filters = [...Session.labelKeys.map((key) => Label.has(key)), ...labels]
    // In this order, since containers use networks and volumes.
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
          // A concurrent removal may fail although the container is gone.
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

/** Creation labels of images committed from a container, which their containers inherit. */
const inheritedCreations = (driver: BackendDriver) =>
  Effect.map(
    driver.images.list([Label.has(libraryLabels.creationKey)]),
    (images) => new Map(images.map(({ id, labels }) => [digits(id), libraryLabels.creationOf(labels)]))
  )

// Docker prefixes the id with the algorithm.
const digits = (id: string) => id.replace(/^\w+:/, "")
