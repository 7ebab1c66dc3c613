/**
 * A tiny image that needs no registry: a static busybox of this machine, with
 * its applets, and nothing else.
 *
 * @since 0.1.0
 */
import * as Command from "@effect/platform/Command"
import type * as CommandExecutor from "@effect/platform/CommandExecutor"
import type * as PlatformError from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import { Backend, type BackendError, Image, Label, type Primitives } from "@ociman/containers"
import { Reference } from "@ociman/oci"
import { type CommandFailed, Subprocess } from "@ociman/process"
import * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { randomHex } from "./internal/random.js"

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
  | BackendError.BuildFailed
  | BackendError.EngineError
  | CommandFailed.CommandFailed
  | ConfigError.ConfigError
  | PlatformError.PlatformError

type Requirements = Backend.Backend | CommandExecutor.CommandExecutor | FileSystem.FileSystem | Path.Path

/**
 * The statically linked busybox that the image is made of: the environment
 * variable `BUSYBOX`, else `/bin/busybox`.
 *
 * @since 0.1.0
 * @category config
 */
export const busybox: Config.Config<string> = Config.string("BUSYBOX").pipe(Config.withDefault("/bin/busybox"))

const dockerfile = `FROM scratch
COPY root/ /
ENV PATH=/bin
CMD ["/bin/sh"]
`

const passwd = `root:x:0:0:root:/root:/bin/sh
app:x:1234:5678:app:/home/app:/bin/sh
`

const group = `root:x:0:
app:x:5678:
`

const writeContext = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const executable = yield* busybox
  const directory = yield* fs.makeTempDirectoryScoped({ prefix: "ociman-test-image-" })
  const at = (...segments: ReadonlyArray<string>) => path.join(directory, "root", ...segments)
  const mode = { bin: 0o755, etc: 0o755, home: 0o755, root: 0o700, tmp: 0o1777, www: 0o755 }
  yield* Effect.forEach(
    Object.entries(mode),
    ([name, mode]) => Effect.zipRight(fs.makeDirectory(at(name), { recursive: true }), fs.chmod(at(name), mode)),
    { discard: true }
  )
  yield* fs.copyFile(executable, at("bin", "busybox"))
  yield* fs.chmod(at("bin", "busybox"), 0o755)
  const { stdout } = yield* Subprocess.run(Command.make(executable, "--list"))
  yield* Effect.forEach(
    stdout.text.trim().split("\n").filter((applet) => applet !== "busybox"),
    (applet) => fs.symlink("busybox", at("bin", applet)),
    { discard: true, concurrency: 16 }
  )
  yield* fs.writeFileString(path.join(directory, "Dockerfile"), dockerfile)
  yield* fs.writeFileString(at("etc", "passwd"), passwd)
  yield* fs.writeFileString(at("etc", "group"), group)
  return directory
})

/**
 * Builds the image, which is removed when the scope closes, by force if
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
    const build = (source: Primitives.BuildRequest["source"]) =>
      Stream.runDrain(backend.buildImage({ image, source, arguments: {}, labels: Label.fromRecord(labels) }))
    yield* empty
      ? build({ _tag: "Instructions", text: "FROM scratch\n" })
      : Effect.scoped(Effect.flatMap(writeContext, (path) => build({ _tag: "Directory", path })))
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
