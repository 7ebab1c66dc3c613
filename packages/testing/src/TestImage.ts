/**
 * A minimal image that needs no registry: the static busybox of this machine with
 * its applets.
 *
 * @since 0.1.0
 */
import * as Command from "@effect/platform/Command"
import type * as CommandExecutor from "@effect/platform/CommandExecutor"
import type * as PlatformError from "@effect/platform/Error"
import * as Backend from "@ociman/containers/Backend"
import type * as BackendError from "@ociman/containers/BackendError"
import * as Image from "@ociman/containers/Image"
import * as Label from "@ociman/containers/Label"
import type * as Artifact from "@ociman/oci/Artifact"
import type * as Compression from "@ociman/oci/Compression"
import type * as ContentError from "@ociman/oci/ContentError"
import * as Hasher from "@ociman/oci/Hasher"
import * as ImageLayer from "@ociman/oci/ImageLayer"
import * as ImageStore from "@ociman/oci/ImageStore"
import type * as LocalFiles from "@ociman/oci/LocalFiles"
import * as OciArchive from "@ociman/oci/OciArchive"
import * as Reference from "@ociman/oci/Reference"
import * as RunnableImage from "@ociman/oci/RunnableImage"
import * as Tar from "@ociman/oci/Tar"
import type * as CommandFailed from "@ociman/process/CommandFailed"
import * as Subprocess from "@ociman/process/Subprocess"
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
 * The image, loaded until the layer is released.
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
  /** Name of the image. Default: a unique name under `localhost`. */
  readonly reference?: Reference.Reference | undefined
  /** Labels of the image, which its containers inherit. Default: none. */
  readonly labels?: Readonly<Record<string, string>> | undefined
  /** If true, the image contains no files, for a backend that runs no processes. Default: false. */
  readonly empty?: boolean | undefined
}

/**
 * Errors of making and loading the image.
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
 * Services required to make and load the image.
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
 * Path of the statically linked busybox that the image contains: the environment
 * variable `BUSYBOX`, or `/bin/busybox` if it is not set.
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
    // Reading from a store in memory does not fail.
    const archive = Stream.orDie(OciArchive.stream(store, [name]))
    yield* Image.load(Stream.provideService(archive, Hasher.Hasher, hasher))
  })

/**
 * Makes the image without the engine and loads it. When the scope closes, removes
 * the image, with force if containers still use it. The image has the users
 * `root` and `app` (1234:5678) and the empty directories `/tmp`, `/www` and
 * `/home`.
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
      ? Stream.runDrain(backend.builds.build({
        image,
        source: { _tag: "Instructions", text: "FROM scratch\n" },
        arguments: {},
        labels: Label.fromRecord(labels)
      }))
      : load(String(Reference.withDefaultTag(Reference.canonical(image))), labels)
    return { reference: image }
  })

/**
 * Makes and loads the image, and removes it when the layer is released.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options?: Options): Layer.Layer<TestImage, Error, Requirements> =>
  Layer.scoped(TestImage, make(options))
