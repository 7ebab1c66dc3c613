/**
 * The contract of a `Backend`, as tests, for authors of backends.
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
import * as networkingTests from "./internal/backendSuite/networking.js"
import * as networks from "./internal/backendSuite/networks.js"
import * as observing from "./internal/backendSuite/observing.js"
import * as paths from "./internal/backendSuite/paths.js"
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
 * What a backend is able to do. Where it is not, the suite has a test of what
 * it does instead, or none.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** Whether processes really run in its containers. Default: true. */
  readonly processes?: boolean | undefined
  /** Whether it can pause a container. Default: true. */
  readonly pause?: boolean | undefined
  /** Whether a published port can be reached from here. Default: as `processes`. */
  readonly networking?: boolean | undefined
  /** Whether a port published on the loopback address of IPv6 can be. Default: as `networking`. */
  readonly ipv6?: boolean | undefined
  /** Whether it can limit a container's memory and processors. Default: true. */
  readonly resources?: boolean | undefined
  /** Whether its engine runs without root. Default: false. */
  readonly rootless?: boolean | undefined
  /** Groups of tests to run, of those that the options above leave. Default: all. */
  readonly only?: ReadonlyArray<Theme> | undefined
  /** How long a single test may take. Default: 3 minutes. */
  readonly timeout?: Duration.DurationInput | undefined
}

/**
 * What a backend's layer provides to the suite: the backend, and the platform
 * on which the suite looks after it.
 *
 * @since 0.1.0
 * @category models
 */
export type Services = TestImage.Requirements | FileSystem.FileSystem | Path.Path

interface Tests {
  readonly name: Theme
  readonly tests: (suite: support.Suite) => void
}

const always: ReadonlyArray<Tests> = [
  starting,
  interrupting,
  attaching,
  states,
  ports,
  images,
  imageNames,
  removingImages,
  archives,
  networks,
  volumes,
  hosts,
  labels,
  sweeping,
  builds,
  copying,
  paths,
  observing
]

const ofProcesses: ReadonlyArray<Tests> = [
  running,
  executing,
  executingInput,
  commanding,
  signals,
  logs,
  snapshots,
  buildSteps,
  defining,
  isolating,
  secrets
]

/**
 * Name of a group of tests of the suite.
 *
 * @since 0.1.0
 * @category models
 */
export type Theme =
  | "archives of images"
  | "attaching and looking"
  | "builds"
  | "commands of the platform"
  | "copying files"
  | "definitions: the process"
  | "definitions: what surrounds the process"
  | "environment and input of commands"
  | "executing"
  | "filters by label"
  | "host names"
  | "images"
  | "interrupting"
  | "logs"
  | "names of images"
  | "networking"
  | "networks"
  | "observing"
  | "paths of copies"
  | "ports"
  | "removing images"
  | "running"
  | "secrets"
  | "signals"
  | "snapshots"
  | "starting"
  | "states"
  | "steps of builds"
  | "sweeping"
  | "volumes"

const themesOf = ({ networking, processes }: support.Options, only: Options["only"]) =>
  [
    ...always,
    ...(processes ? ofProcesses : []),
    ...(networking ? [networkingTests] : [])
  ].filter(({ name }) => only?.includes(name) ?? true)

/**
 * Defines the tests, which run a few at a time. The last one asserts that
 * nothing is left of any. Tests of processes need a static busybox on this
 * machine, see `TestImage`.
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
        // A prune of images on Docker 29 may take what others are writing, so that no other test runs meanwhile.
        const group = theme.name === "removing images" ? describe.sequential : describe.concurrent
        group(theme.name, () => theme.tests(suite))
      }
    })
    it.effect("leaves nothing behind", () => Leftovers.assertNone, { timeout: support.millis(run.options.timeout) })
  })
}
