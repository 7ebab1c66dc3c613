import * as FileSystem from "@effect/platform/FileSystem"
import { assert } from "@effect/vitest"
import * as Backend from "@ociman/containers/Backend"
import * as BackendError from "@ociman/containers/BackendError"
import * as Container from "@ociman/containers/Container"
import * as Definition from "@ociman/containers/Definition"
import * as HostFiles from "@ociman/containers/HostFiles"
import * as Mount from "@ociman/containers/Mount"
import * as Tar from "@ociman/oci/Tar"
import * as Chunk from "effect/Chunk"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import * as bytes from "./bytes.js"
import { failsWith, sh, type Suite } from "./support.js"

const helpers = () => {
  const entriesAt = (container: Container.Container, path: string) =>
    Tar.read(container.copyOutTar(path)).pipe(
      Stream.mapEffect((entry) => Effect.map(bytes.collect(entry.content), (content) => ({ ...entry, content }))),
      Stream.runCollect,
      Effect.map(Chunk.toReadonlyArray)
    )

  const reasonOf = <A, E extends { readonly _tag: string }, R>(
    effect: Effect.Effect<A, E | BackendError.CopyFailed, R>
  ): Effect.Effect<BackendError.CopyFailed["reason"], E | BackendError.CopyFailed, R> =>
    Effect.matchEffect(effect, {
      onFailure: (error) =>
        error instanceof BackendError.CopyFailed ? Effect.succeed(error.reason) : Effect.fail(error),
      onSuccess: () => Effect.sync(() => assert.fail("succeeded instead of failing with CopyFailed"))
    })

  const inDirectory = <A, E, R>(
    use: (directory: string, fs: FileSystem.FileSystem) => Effect.Effect<A, E, R>
  ) =>
    Effect.flatMap(
      FileSystem.FileSystem,
      (fs) => Effect.flatMap(fs.makeTempDirectoryScoped({ prefix: "ociman-test-" }), (directory) => use(directory, fs))
    )

  return { entriesAt, reasonOf, inDirectory }
}

const readingAndWritingFiles = ({ idle, options, test }: Suite): void => {
  const { reasonOf } = helpers()

  test(
    "a written file is read back before the start, while the container runs and after it stopped",
    Effect.gen(function*() {
      const container = yield* Container.create(idle)
      const write = (path: string) => container.writeFile(path, bytes.allByteValues)
      const read = (path: string) =>
        Effect.map(container.readFile(path), (content) => bytes.assertEqual(content, bytes.allByteValues))
      assert.strictEqual((yield* container.state).status, "created")
      yield* write("/before")
      yield* read("/before")
      yield* container.start
      yield* write("/meanwhile")
      yield* read("/before")
      yield* container.stop({ grace: "5 seconds" })
      yield* write("/after")
      yield* Effect.forEach(["/before", "/meanwhile", "/after"], read)
      yield* container.writeFile("/before", "Grüße\n")
      assert.strictEqual(yield* container.readFileString("//./before/"), "Grüße\n")
    })
  )

  test(
    "writeFile makes missing directories, also in a volume",
    Effect.gen(function*() {
      const container = yield* Container.create(Definition.mount(idle, Mount.volume({ target: "/data" })))
      yield* container.writeFile("/a/b c/ü/file", "1")
      yield* container.writeFile("/data/x/file", "2")
      assert.strictEqual(yield* container.readFileString("/a/b c/ü/file"), "1")
      assert.strictEqual(yield* container.readFileString("/data/x/file"), "2")
      yield* container.start
      assert.strictEqual(yield* container.readFileString("/data/x/file"), "2")
    })
  )

  test(
    "writing to a read-only file system of a running container fails with ReadOnly",
    Effect.gen(function*() {
      const container = yield* Container.start(Definition.readOnlyRoot(idle))
      assert.strictEqual(yield* reasonOf(container.writeFile("/etc/file", "x")), "ReadOnly")
    })
  )

  test(
    "a file is written to a tmpfs if the engine can reach it and fails with Unreachable otherwise",
    Effect.gen(function*() {
      const { engine } = yield* Backend.Backend
      const container = yield* Container.create(Definition.mount(idle, Mount.tmpfs({ target: "/cache" })))
      const write = container.writeFile("/cache/file", "x")
      assert.strictEqual(yield* reasonOf(write), "Unreachable")
      yield* container.start
      if (engine.name === "docker") {
        assert.strictEqual(yield* reasonOf(write), "Unreachable")
      } else {
        yield* write
        assert.strictEqual(yield* container.readFileString("/cache/file"), "x")
      }
    })
  )

  test(
    "a large file is copied as a stream that may be stopped early",
    Effect.gen(function*() {
      const container = yield* Container.create(idle)
      const size = 64 * 1024 * 1024
      const piece = bytes.pattern(65_536)
      const content = Stream.take(Stream.repeatValue(piece), size / piece.length)
      yield* container.copyInTar("/", Tar.write(Stream.make(Tar.fileStream("large", size, content))))
      const length = (stream: Stream.Stream<Uint8Array, BackendError.CopyError>) =>
        Stream.runFold(stream, 0, (sum, { length }) => sum + length)
      assert.strictEqual(yield* length(container.readFileStream("/large")), size)
      // Taking less than the whole stream ends the client early.
      const first = yield* length(Stream.take(container.readFileStream("/large"), 1))
      assert.isTrue(options.processes ? first > 0 && first < size : first === size, String(first))
    })
  )
}

const filesOfDefinitions = ({ idle, test }: Suite): void => {
  const { entriesAt, reasonOf, inDirectory } = helpers()

  test(
    "files of a definition are in place when the process starts",
    inDirectory((directory, fs) =>
      Effect.gen(function*() {
        yield* fs.makeDirectory(`${directory}/sub`)
        yield* fs.writeFileString(`${directory}/sub/script`, "#!", { mode: 0o755 })
        yield* fs.symlink("sub/script", `${directory}/link`)
        const definition = idle.pipe(
          Definition.file("/etc/one", "first"),
          Definition.file("/etc/one", "second", { mode: 0o600 }),
          Definition.file("/etc/two", Redacted.make("secret")),
          Definition.copy(yield* HostFiles.make(directory), "/srv/app"),
          Definition.file("/srv/app/sub/more", new Uint8Array([1, 2]))
        )
        const container = yield* Container.start(definition)
        assert.strictEqual(yield* container.readFileString("/etc/one"), "second")
        assert.strictEqual(yield* container.readFileString("/etc/two"), "secret")
        assert.strictEqual(yield* container.readFileString("/srv/app/link"), "#!")
        assert.deepStrictEqual(yield* container.readFile("/srv/app/sub/more"), new Uint8Array([1, 2]))
        const [script] = yield* entriesAt(container, "/srv/app/sub/script")
        assert.strictEqual(script?.mode, 0o755)
        assert.notInclude(JSON.stringify(definition), "secret")
      })
    )
  )

  test(
    "a definition whose files cannot be copied starts no container",
    Effect.gen(function*() {
      const hidden = idle.pipe(
        Definition.mount(Mount.tmpfs({ target: "/cache" })),
        Definition.file("/cache/file", "")
      )
      assert.strictEqual(yield* reasonOf(Effect.scoped(Container.start(hidden))), "Unreachable")
      const missing = Definition.copy(idle, yield* HostFiles.make("/no/such/directory"), "/srv")
      const error = yield* failsWith(Effect.scoped(Container.start(missing)), "CopyFailed")
      assert.strictEqual(error.reason, "Unreadable")
      assert.include(error.message, "/no/such/directory")
    })
  )
}

const copyingArchives = ({ idle, options, test }: Suite): void => {
  const { entriesAt } = helpers()

  test(
    "an archive keeps permissions and long names when copied in and out",
    Effect.gen(function*() {
      const container = yield* Container.create(idle)
      const long = `${"directory/".repeat(12)}${"ä".repeat(100)}`
      yield* container.copyInTar(
        "/",
        Tar.write(Stream.make(
          Tar.directory("tree", { mode: 0o750 }),
          Tar.file("tree/file", "x", { mode: 0o4711 }),
          Tar.symlink("tree/link", "../nowhere"),
          Tar.file(`tree/${long}`, "long")
        ))
      )
      const entries = yield* entriesAt(container, "/tree")
      const found = new Map(entries.map((entry) => [entry.path.replace(/^\/?tree\/?/, ""), entry]))
      assert.strictEqual(found.get("")?.type, "Directory")
      assert.strictEqual(found.get("")?.mode, 0o750)
      assert.strictEqual(found.get("file")?.mode, 0o4711)
      assert.strictEqual(found.get("link")?.target, "../nowhere")
      assert.strictEqual(found.get(long)?.size, 4)
    })
  )

  if (options.processes) {
    test(
      "copying in keeps owners, and copying out keeps them except on Podman",
      Effect.gen(function*() {
        const { engine } = yield* Backend.Backend
        const container = yield* Container.start(idle)
        yield* container.copyInTar("/", Tar.write(Stream.make(Tar.file("owned", "x", { uid: 1234, gid: 5678 }))))
        const { stdout } = yield* container.exec(sh("stat -c '%u %g' /owned"))
        assert.strictEqual(stdout, "1234 5678\n")
        const [entry] = yield* entriesAt(container, "/owned")
        assert.deepStrictEqual([entry?.uid, entry?.gid], engine.name === "podman" ? [0, 0] : [1234, 5678])
      })
    )
  }

  test(
    "a copy follows a symbolic link at the path but not below it",
    Effect.gen(function*() {
      const container = yield* Container.create(idle)
      yield* container.copyInTar(
        "/",
        Tar.write(Stream.make(
          Tar.directory("real"),
          Tar.file("real/file", "x"),
          Tar.symlink("real/inner", "file"),
          Tar.symlink("outer", "/real"),
          Tar.symlink("short", "real/file")
        ))
      )
      assert.strictEqual(yield* container.readFileString("/short"), "x")
      assert.strictEqual(yield* container.readFileString("/outer/inner"), "x")
      const entries = yield* entriesAt(container, "/outer")
      assert.deepStrictEqual(
        entries.map(({ path, type }) => `${path.replace(/^[^/]*\/?/, "")} ${type}`).sort(),
        [" Directory", "file File", "inner Symlink"]
      )
      yield* container.writeFile("/outer/new", "y")
      assert.strictEqual(yield* container.readFileString("/real/new"), "y")
    })
  )
}

const copyingDirectories = ({ idle, test }: Suite): void => {
  const { inDirectory } = helpers()

  test(
    "copyIn and copyOut copy a directory of this machine with modes and links",
    inDirectory((directory, fs) =>
      Effect.gen(function*() {
        const source = `${directory}/source`
        yield* fs.makeDirectory(`${source}/empty`, { recursive: true })
        yield* fs.writeFileString(`${source}/run`, "#!", { mode: 0o755 })
        yield* fs.writeFile(`${source}/bytes`, bytes.allByteValues, { mode: 0o640 })
        yield* fs.symlink("run", `${source}/link`)
        const container = yield* Container.create(idle)
        yield* container.writeFile("/copy/kept", "kept")
        yield* Container.copyIn(container, source, "/copy")
        yield* Container.copyIn(container, `${source}/run`, "/copy/empty/other name")
        yield* Container.copyOut(container, "/copy", `${directory}/target`)
        const target = `${directory}/target`
        assert.deepStrictEqual((yield* fs.readDirectory(target, { recursive: true })).sort(), [
          "bytes",
          "empty",
          "empty/other name",
          "kept",
          "link",
          "run"
        ])
        bytes.assertEqual(yield* fs.readFile(`${target}/bytes`), bytes.allByteValues)
        assert.strictEqual(yield* fs.readLink(`${target}/link`), "run")
        assert.strictEqual((yield* fs.stat(`${target}/run`)).mode & 0o777, 0o755)
        assert.strictEqual((yield* fs.stat(`${target}/bytes`)).mode & 0o777, 0o640)
        yield* Container.copyOut(container, "/copy/run", `${target}/bytes`)
        assert.strictEqual(yield* fs.readFileString(`${target}/bytes`), "#!")
        const error = yield* failsWith(Container.copyOut(container, "/missing", `${directory}/none`), "PathNotFound")
        assert.strictEqual(error.path, "/missing")
        assert.deepStrictEqual((yield* fs.readDirectory(directory)).sort(), ["source", "target"])
      })
    )
  )
}

const copyFailures = ({ idle, test }: Suite): void => {
  const { reasonOf } = helpers()

  test(
    "a copy reports a missing path and a path of the wrong kind with different errors",
    Effect.gen(function*() {
      const container = yield* Container.create(idle)
      const archive = Tar.write(Stream.make(Tar.file("file", "x")))
      yield* container.writeFile("/file", "x")
      for (
        const missing of [
          container.readFile("/missing"),
          container.readFile("/file/below"),
          container.copyInTar("/missing", archive),
          Stream.runDrain(container.copyOutTar("/missing/too"))
        ]
      ) {
        const error = yield* failsWith(missing, "PathNotFound")
        assert.strictEqual(error.container, container.id)
      }
      assert.strictEqual(yield* reasonOf(container.copyInTar("/file", archive)), "NotADirectory")
      assert.strictEqual(yield* reasonOf(container.readFile("/etc")), "NotAFile")
      assert.strictEqual(yield* reasonOf(container.writeFile("/etc", "x")), "InTheWay")
      assert.strictEqual(yield* reasonOf(container.writeFile("etc/x", "x")), "InvalidPath")
      assert.strictEqual(yield* reasonOf(container.writeFile("/", "x")), "InvalidPath")
      assert.strictEqual(
        yield* reasonOf(container.copyInTar("/", Stream.make(new Uint8Array(2000).fill(65)))),
        "InvalidArchive"
      )
      yield* container.remove({ force: true })
      yield* failsWith(container.readFile("/file"), "ContainerNotFound")
      yield* failsWith(container.writeFile("/file", "x"), "ContainerNotFound")
    })
  )

  test(
    "an interrupted or failed copy leaves neither a client process nor files",
    Effect.gen(function*() {
      const container = yield* Container.create(idle)
      const begun = yield* Deferred.make<void>()
      const endless = Stream.concat(
        Stream.make(bytes.pattern(65_536)),
        Stream.fromEffect(Effect.zipRight(Deferred.succeed(begun, undefined), Effect.never))
      )
      const fiber = yield* Effect.fork(
        container.copyInTar("/", Tar.write(Stream.make(Tar.fileStream("endless", 2 ** 40, endless))))
      )
      yield* Deferred.await(begun)
      yield* Fiber.interrupt(fiber)
      const failing = Stream.concat(Stream.make(bytes.pattern(65_536)), Stream.fail("no more" as const))
      const archive = Tar.write(Stream.make(Tar.fileStream("failing", 2 ** 20, failing)))
      const error = yield* Effect.flip(container.copyInTar("/", archive))
      assert.strictEqual(error, "no more")
    })
  )
}

/** @internal */
export const themes = [
  { name: "reading and writing files", tests: readingAndWritingFiles },
  { name: "files of definitions", tests: filesOfDefinitions },
  { name: "copying archives", tests: copyingArchives },
  { name: "copying directories", tests: copyingDirectories },
  { name: "copy failures", tests: copyFailures }
] as const
