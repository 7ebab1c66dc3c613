/**
 * A tiny image that needs no registry: a static busybox of this machine, with
 * its applets, and nothing else.
 *
 * @since 0.1.0
 */
import * as Command from "@effect/platform/Command"
import type * as CommandExecutor from "@effect/platform/CommandExecutor"
import type * as PlatformError from "@effect/platform/Error"
import { Backend, type BackendError, Image, Label } from "@ociman/containers"
import {
  type Artifact,
  type Compression,
  type ContentError,
  Hasher,
  ImageLayer,
  ImageStore,
  type LocalFiles,
  OciArchive,
  Reference,
  RunnableImage,
  Tar
} from "@ociman/oci"
import { type CommandFailed, Subprocess } from "@ociman/process"
import * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { orMissing } from "./internal/missing.js"
import { randomHex } from "./internal/random.js"
import type { ToolMissing } from "./ToolMissing.js"

/**
 * @since 0.1.0
 * @category models
 */
export interface Service {
  readonly reference: Reference.Reference
}

/**
 * The image, for as long as the layer lives.
 *
 * @since 0.1.0
 * @category tags
 */
export class TestImage extends Context.Tag("@ociman/testing/TestImage")<TestImage, Service>() {}

/**
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** What the image is called. Default: a name under `localhost` that nobody else has. */
  readonly reference?: Reference.Reference | undefined
  /** Labels of the image, and so of its containers. Default: none. */
  readonly labels?: Readonly<Record<string, string>> | undefined
  /** Leave it without any file, for a backend that runs no processes. Default: false. */
  readonly empty?: boolean | undefined
}

/**
 * What making the image may fail with.
 *
 * @since 0.1.0
 * @category errors
 */
export type Error =
  | Artifact.ArtifactError
  | RunnableImage.ExecutableError
  | BackendError.BuildFailed
  | BackendError.EngineError
  | CommandFailed.CommandFailed
  | Compression.CompressionError
  | ConfigError.ConfigError
  | ContentError.ContentError
  | PlatformError.PlatformError
  | RunnableImage.FilesError
  | ToolMissing

/**
 * What making the image needs: an engine to load it, and what makes it.
 *
 * @since 0.1.0
 * @category models
 */
export type Requirements =
  | Backend.Backend
  | CommandExecutor.CommandExecutor
  | Compression.Compression
  | Hasher.Hasher
  | LocalFiles.LocalFiles

/**
 * The statically linked busybox that the image is made of: the environment
 * variable `BUSYBOX`, else `/bin/busybox`.
 *
 * @since 0.1.0
 * @category config
 */
export const busybox: Config.Config<string> = Config.string("BUSYBOX").pipe(Config.withDefault("/bin/busybox"))

const passwd = `root:x:0:0:root:/root:/bin/sh
app:x:1234:5678:app:/home/app:/bin/sh
`

const group = `root:x:0:
app:x:5678:
`

const runnable = (labels: Readonly<Record<string, string>>) =>
  Effect.gen(function*() {
    const executable = yield* busybox
    const { stdout } = yield* Subprocess.run(Command.make(executable, "--list")).pipe(
      orMissing("TestImage", `a statically linked busybox (${executable})`, installation)
    )
    const applets = stdout.text.trim().split("\n").filter((applet) => applet !== "busybox")
    return RunnableImage.scratch(yield* RunnableImage.platformOf(executable)).pipe(
      RunnableImage.addLayer(ImageLayer.fromFiles({ "bin/busybox": executable })),
      RunnableImage.addLayer(ImageLayer.fromEntries([
        ...applets.map((applet) => Tar.symlink(`bin/${applet}`, "busybox")),
        Tar.file("etc/passwd", passwd),
        Tar.file("etc/group", group),
        Tar.directory("home"),
        Tar.directory("root", { mode: 0o700 }),
        Tar.directory("tmp", { mode: 0o1777 }),
        Tar.directory("www")
      ])),
      RunnableImage.env({ PATH: "/bin" }),
      RunnableImage.command("/bin/sh"),
      RunnableImage.labels(labels)
    )
  })

const installation = "Install it (Debian and Ubuntu: apt-get install busybox-static, Alpine: apk add busybox-static, " +
  "Fedora: dnf install busybox), or set BUSYBOX to the path of another one."

const load = (name: string, labels: Readonly<Record<string, string>>) =>
  Effect.gen(function*() {
    const store = yield* ImageStore.makeMemory
    const hasher = yield* Hasher.Hasher
    yield* RunnableImage.push(yield* runnable(labels), store, name)
    // What is in memory can be read.
    const archive = Stream.orDie(OciArchive.stream(store, [name]))
    yield* Image.load(Stream.provideService(archive, Hasher.Hasher, hasher))
  })

/**
 * Makes the image, which needs no engine for it, and loads it. It is removed when the scope closes, by force if
 * containers still use it. It has the users `root` and `app` (1234:5678), and
 * empty directories `/tmp`, `/www` and `/home`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  { empty = false, labels = {}, reference }: Options = {}
): Effect.Effect<Service, Error, Requirements | Scope.Scope> =>
  Effect.gen(function*() {
    const image = reference ?? Reference.make(`localhost/ociman/test-image:${yield* randomHex}`)
    const backend = yield* Backend.Backend
    yield* Effect.addFinalizer(() => Effect.ignoreLogged(Image.removeIfPresent(image, { force: true })))
    yield* empty
      ? Stream.runDrain(backend.buildImage({
        image,
        source: { _tag: "Instructions", text: "FROM scratch\n" },
        arguments: {},
        labels: Label.fromRecord(labels)
      }))
      : load(String(Reference.withDefaultTag(Reference.canonical(image))), labels)
    return { reference: image }
  })

/**
 * The image for as long as the layer lives.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options?: Options): Layer.Layer<TestImage, Error, Requirements> =>
  Layer.scoped(TestImage, make(options))
