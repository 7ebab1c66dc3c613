/**
 * Contract tests of a `Backend`, for authors of backends.
 *
 * @since 0.1.0
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import { layer as layerTests } from "@effect/vitest"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { describe } from "vitest"
import * as archives from "./internal/backendSuite/archives.js"
import * as attaching from "./internal/backendSuite/attaching.js"
import * as builds from "./internal/backendSuite/builds.js"
import * as buildSteps from "./internal/backendSuite/buildSteps.js"
import * as commanding from "./internal/backendSuite/commanding.js"
import * as copying from "./internal/backendSuite/copying.js"
import * as defining from "./internal/backendSuite/defining.js"
import * as executing from "./internal/backendSuite/executing.js"
import * as executingInput from "./internal/backendSuite/executingInput.js"
import * as hosts from "./internal/backendSuite/hosts.js"
import * as imageNames from "./internal/backendSuite/imageNames.js"
import * as images from "./internal/backendSuite/images.js"
import * as interrupting from "./internal/backendSuite/interrupting.js"
import * as isolating from "./internal/backendSuite/isolating.js"
import * as labels from "./internal/backendSuite/labels.js"
import * as logs from "./internal/backendSuite/logs.js"
import * as networking from "./internal/backendSuite/networking.js"
import * as networks from "./internal/backendSuite/networks.js"
import * as observing from "./internal/backendSuite/observing.js"
import * as paths from "./internal/backendSuite/paths.js"
import * as pausing from "./internal/backendSuite/pausing.js"
import * as ports from "./internal/backendSuite/ports.js"
import * as removingImages from "./internal/backendSuite/removingImages.js"
import * as running from "./internal/backendSuite/running.js"
import * as secrets from "./internal/backendSuite/secrets.js"
import * as signals from "./internal/backendSuite/signals.js"
import * as snapshots from "./internal/backendSuite/snapshots.js"
import * as starting from "./internal/backendSuite/starting.js"
import * as states from "./internal/backendSuite/states.js"
import * as support from "./internal/backendSuite/support.js"
import * as sweeping from "./internal/backendSuite/sweeping.js"
import * as volumes from "./internal/backendSuite/volumes.js"
import * as Leftovers from "./Leftovers.js"
import * as TestImage from "./TestImage.js"

/**
 * Abilities of a backend. Without one, the suite omits its tests, or tests the
 * expected failure instead.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** If false, no processes run in its containers. Default: true. */
  readonly processes?: boolean | undefined
  /** If false, it cannot pause containers. Default: true. */
  readonly pause?: boolean | undefined
  /** If false, published ports cannot be reached from the test process. Default: the value of `processes`. */
  readonly networking?: boolean | undefined
  /** If false, ports published on IPv6 loopback cannot be reached. Default: the value of `networking`. */
  readonly ipv6?: boolean | undefined
  /** If false, it cannot limit the memory and processors of a container. Default: true. */
  readonly resources?: boolean | undefined
  /** If true, its engine runs without root. Default: false. */
  readonly rootless?: boolean | undefined
  /** Themes to run, among those that the options above select. Default: all. */
  readonly only?: ReadonlyArray<Theme> | undefined
  /** Time limit of a single test. Default: 3 minutes. */
  readonly timeout?: Duration.DurationInput | undefined
}

/**
 * Services that the suite requires: the backend, and the platform for observing
 * processes and files.
 *
 * @since 0.1.0
 * @category models
 */
export type Services = TestImage.Requirements | FileSystem.FileSystem | Path.Path

interface Tests {
  readonly name: Theme
  readonly tests: (suite: support.Suite) => void
}

const ofEveryBackend: ReadonlyArray<Tests> = [
  ...starting.themes,
  ...interrupting.themes,
  ...attaching.themes,
  ...states.themes,
  ...pausing.themes,
  ...ports.themes,
  ...images.themes,
  ...imageNames.themes,
  ...removingImages.themes,
  ...archives.themes,
  ...networks.themes,
  ...volumes.themes,
  ...hosts.themes,
  ...labels.themes,
  ...sweeping.themes,
  ...builds.themes,
  ...copying.themes,
  ...paths.themes,
  ...observing.themes
]

const ofProcesses: ReadonlyArray<Tests> = [
  ...running.themes,
  ...executing.themes,
  ...executingInput.themes,
  ...commanding.themes,
  ...signals.themes,
  ...logs.themes,
  ...snapshots.themes,
  ...buildSteps.themes,
  ...defining.themes,
  ...isolating.themes,
  ...secrets.themes
]

/**
 * Name of a theme: a group of tests about one concept.
 *
 * @since 0.1.0
 * @category models
 */
export type Theme =
  | "attaching to containers"
  | "build context"
  | "build options"
  | "build output"
  | "building absent images"
  | "building images"
  | "committing containers"
  | "container states"
  | "containers in networks"
  | "copy failures"
  | "copying archives"
  | "copying directories"
  | "environment of commands"
  | "events"
  | "exec failures"
  | "exec streams"
  | "executing commands"
  | "executing in ending containers"
  | "files in volumes"
  | "files of definitions"
  | "finding networks"
  | "finding volumes"
  | "health and restart policies"
  | "host lookup"
  | "host lookup in networks"
  | "image history"
  | "image names"
  | "images"
  | "importing images"
  | "input and output of commands"
  | "inspecting and listing containers"
  | "interrupting builds"
  | "interrupting starts"
  | "label filters"
  | "logs"
  | "making networks"
  | "making volumes"
  | "mounts"
  | "names on Docker Hub"
  | "network conflicts"
  | "network settings"
  | "owner labels"
  | "paths with patterns"
  | "pausing containers"
  | "platform commands"
  | "platform processes"
  | "port failures"
  | "privileges and devices"
  | "process settings"
  | "pruning images"
  | "published servers"
  | "publishing ports"
  | "reading and writing files"
  | "refusing archives"
  | "removing images"
  | "removing networks"
  | "removing volumes"
  | "resource limits"
  | "run failures"
  | "run streams"
  | "running containers"
  | "saving and loading images"
  | "scoped use of containers"
  | "secrets"
  | "servers in networks"
  | "signals"
  | "start failures"
  | "starting containers"
  | "stats and processes"
  | "subprocesses"
  | "sweeping containers"
  | "sweeping networks and volumes"
  | "unreachable paths"
  | "volume conflicts"
  | "volumes of containers"

// A prune on Docker 29 can delete content that another test is writing, so no other test runs at the same time.
const exclusive: ReadonlySet<Theme> = new Set(["pruning images", "removing images"])

const themesOf = (options: support.Options, only: Options["only"]) =>
  [
    ...ofEveryBackend,
    ...(options.processes ? ofProcesses : []),
    ...(options.networking ? networking.themes : [])
  ].filter(({ name }) => only?.includes(name) ?? true)

/**
 * Defines the tests, which run concurrently. The last test asserts that no
 * resources are left. Tests of processes need a static busybox on this machine;
 * see `TestImage`.
 *
 * @since 0.1.0
 * @category suites
 */
export const suite = <E>(name: string, backend: Layer.Layer<Services, E>, options: Options = {}): void => {
  const run = Effect.runSync(support.makeRun(options))
  const leftovers = Leftovers.layer({ labels: [run.label], namePrefix: run.namePrefix })
  const image = Layer.provideMerge(
    support.layerShared(run),
    TestImage.layer({
      reference: run.image,
      labels: { [run.label.key]: run.label.value },
      empty: !run.options.processes
    })
  ).pipe(Layer.provideMerge(support.layerPruned(run)))
  const timeout = { timeout: run.options.timeout }
  layerTests(Layer.provideMerge(leftovers, backend), { excludeTestServices: true, ...timeout })(name, (it) => {
    it.layer(image, timeout)("contract", (it) => {
      const suite = support.makeSuite(run, it)
      for (const theme of themesOf(run.options, options.only)) {
        const group = exclusive.has(theme.name) ? describe.sequential : describe.concurrent
        group(theme.name, () => theme.tests(suite))
      }
    })
    it.effect("all tests of the contract together leave no resources behind", () => Leftovers.assertNone, {
      timeout: support.millis(run.options.timeout)
    })
  })
}
