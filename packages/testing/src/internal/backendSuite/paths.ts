import { assert } from "@effect/vitest"
import * as Backend from "@ociman/containers/Backend"
import type * as BackendError from "@ociman/containers/BackendError"
import * as Container from "@ociman/containers/Container"
import * as Definition from "@ociman/containers/Definition"
import * as Mount from "@ociman/containers/Mount"
import * as Tar from "@ociman/oci/Tar"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { failsWith, sh, type Suite } from "./support.js"

/** Names that are patterns, each with the names that it matches. */
const patterns: ReadonlyArray<readonly [name: string, ...others: ReadonlyArray<string>]> = [
  ["a?", "a1"],
  ["[slug].tsx", "s.tsx"],
  ["b*", "bb"],
  ["c\\d", "cd"],
  ["-^![{x,y}", "x"]
]

const names = patterns.flat()

const helpers = () => {
  const reason = <A, R>(effect: Effect.Effect<A, BackendError.BackendError | Tar.TarError, R>) =>
    Effect.map(failsWith(effect, "CopyFailed"), ({ reason }) => reason)

  return { reason }
}

const pathsWithPatterns = ({ idle, test }: Suite): void => {
  const { reason } = helpers()
  const files = (directory: string) =>
    Tar.write(Stream.fromIterable(names.map((name) => Tar.file(`${directory}/${name}`, `content of ${name}`))))

  const readsEach = (container: Container.Container, directory: string) =>
    Effect.forEach(
      patterns,
      ([name]) =>
        Effect.map(container.readFileString(`${directory}/${name}`), (text) => {
          assert.strictEqual(text, `content of ${name}`)
        }),
      { discard: true, concurrency: 2 }
    )

  const topOf = (container: Container.Container, path: string) =>
    Tar.read(container.copyOutTar(path)).pipe(
      Stream.mapEffect((entry) => Effect.as(Stream.runDrain(entry.content), entry.path.replace(/^\/|\/$/g, ""))),
      Stream.runCollect,
      Effect.map(Chunk.toReadonlyArray)
    )

  test(
    "a copy reads the file of exactly that name, even if the name is a pattern",
    Effect.gen(function*() {
      const container = yield* Container.create(idle)
      yield* container.copyInTar("/", files("w"))
      yield* readsEach(container, "/w")
      yield* failsWith(container.readFile("/w/c?"), "PathNotFound")
      yield* failsWith(container.readFile("/w/[a]1"), "PathNotFound")
      yield* container.start
      yield* readsEach(container, "/w")
      assert.deepStrictEqual(yield* topOf(container, "/w/b*"), ["b*"])
    })
  )

  test(
    "a copy in a volume uses the exact path, even if it is a pattern",
    Effect.gen(function*() {
      const mounted = idle.pipe(
        Definition.mount(Mount.volume({ target: "/data" })),
        Definition.mount(Mount.volume({ target: "/[d]ata" }))
      )
      const container = yield* Container.create(mounted)
      yield* container.copyInTar("/data", files("w"))
      yield* container.writeFile("/[d]ata/[f]", "other")
      yield* readsEach(container, "/data/w")
      assert.strictEqual(yield* container.readFileString("/[d]ata/[f]"), "other")
      yield* container.start
      yield* readsEach(container, "/data/w")
      assert.strictEqual(yield* container.readFileString("/[d]ata/[f]"), "other")
    })
  )

  test(
    "a copy writes to the directory of exactly that name, even if the name is a pattern",
    Effect.gen(function*() {
      const container = yield* Container.create(idle)
      const directories = names.map((name) => Tar.directory(`w/${name}`))
      yield* container.copyInTar("/", Tar.write(Stream.fromIterable([Tar.directory("w"), ...directories])))
      yield* Effect.forEach(patterns, ([name]) => container.writeFile(`/w/${name}/new`, name))
      yield* container.writeFile("/w/[none]/deep/new", "made")
      yield* container.copyInTar("/w/[slug].tsx", Tar.write(Stream.make(Tar.file("./top", "inside"))))
      for (const [name, ...others] of patterns) {
        assert.strictEqual(yield* container.readFileString(`/w/${name}/new`), name)
        for (const other of others) yield* failsWith(container.readFile(`/w/${other}/new`), "PathNotFound")
      }
      assert.strictEqual(yield* container.readFileString("/w/[none]/deep/new"), "made")
      assert.strictEqual(yield* container.readFileString("/w/[slug].tsx/top"), "inside")
      const archive = Tar.write(Stream.make(Tar.file("file", "x")))
      yield* failsWith(container.copyInTar("/w/[missing]", archive), "PathNotFound")
      assert.strictEqual(yield* reason(container.copyInTar("/w/a?/new", archive)), "NotADirectory")
    })
  )

  test(
    "a copy follows a link whose target is a pattern to the file of exactly that name",
    Effect.gen(function*() {
      const container = yield* Container.create(idle)
      yield* container.copyInTar("/", files("w"))
      yield* container.copyInTar(
        "/w",
        Tar.write(Stream.fromIterable(patterns.map(([name], index) => Tar.symlink(`link${index}`, name))))
      )
      for (const [index, [name]] of patterns.entries()) {
        assert.strictEqual(yield* container.readFileString(`/w/link${index}`), `content of ${name}`)
      }
    })
  )
}

const unreachablePaths = ({ idle, options, test }: Suite): void => {
  const { reason } = helpers()

  test(
    "writing below a dangling link fails with InTheWay and writes nothing",
    Effect.gen(function*() {
      const container = yield* Container.create(idle)
      yield* container.copyInTar(
        "/",
        Tar.write(Stream.make(Tar.symlink("link", "/missing"), Tar.symlink("relative", "gone/away")))
      )
      for (const path of ["/link/file", "/link/a/b/file", "/relative/file"]) {
        assert.strictEqual(yield* reason(container.writeFile(path, "x")), "InTheWay")
      }
      yield* failsWith(container.readFile("/missing"), "PathNotFound")
      yield* failsWith(container.readFile("/gone"), "PathNotFound")
    })
  )

  test(
    "writing to kernel file systems, or to a tmpfs out of reach, fails with Unreachable",
    Effect.gen(function*() {
      const { engine } = yield* Backend.Backend
      const container = yield* Container.create(idle)
      for (const path of ["/dev/file", "/dev/shm/file", "/proc/file", "/sys/a/file"]) {
        assert.strictEqual(yield* reason(container.writeFile(path, "x")), "Unreachable", path)
      }
      yield* container.start
      for (const path of ["/proc/file", "/sys/a/file"]) {
        assert.strictEqual(yield* reason(container.writeFile(path, "x")), "Unreachable", path)
      }
      if (engine.name === "docker") {
        assert.strictEqual(yield* reason(container.writeFile("/dev/shm/file", "x")), "Unreachable")
      } else {
        yield* container.writeFile("/dev/shm/file", "x")
        // Podman cannot copy out of a tmpfs.
        const read = options.processes
          ? Effect.map(container.exec(sh("cat /dev/shm/file")), ({ stdout }) => stdout)
          : container.readFileString("/dev/shm/file")
        assert.strictEqual(yield* read, "x")
      }
    })
  )

  test(
    "a file is written to a volume inside a tmpfs",
    Effect.gen(function*() {
      const container = yield* Container.create(idle.pipe(
        Definition.mount(Mount.tmpfs({ target: "/cache" })),
        Definition.mount(Mount.volume({ target: "/cache/kept" }))
      ))
      yield* container.writeFile("/cache/kept/file", "x")
      assert.strictEqual(yield* container.readFileString("/cache/kept/file"), "x")
    })
  )

  test(
    "writing through a link into a tmpfs out of reach fails with Unreachable",
    Effect.gen(function*() {
      const { engine } = yield* Backend.Backend
      const container = yield* Container.create(Definition.mount(idle, Mount.tmpfs({ target: "/cache" })))
      yield* container.copyInTar(
        "/",
        Tar.write(Stream.make(Tar.symlink("link", "/cache"), Tar.symlink("other", "link"), Tar.directory("w")))
      )
      yield* container.start
      for (const path of ["/link/file", "/other/file"]) {
        if (engine.name === "docker") {
          assert.strictEqual(yield* reason(container.writeFile(path, "x")), "Unreachable")
        } else {
          yield* container.writeFile(path, "x")
          assert.strictEqual(yield* container.readFileString("/cache/file"), "x")
        }
      }
      yield* container.writeFile("/w/file", "x")
      assert.strictEqual(yield* container.readFileString("/w/file"), "x")
    })
  )

  test(
    "writing a file that the engine mounts over fails with Unreachable",
    Effect.gen(function*() {
      for (const path of ["/etc/hosts", "/etc/hostname", "/etc/resolv.conf"]) {
        const definition = Definition.file(idle, path, "mine")
        assert.strictEqual(yield* reason(Effect.scoped(Container.start(definition))), "Unreachable")
      }
      const container = yield* Container.start(idle)
      assert.strictEqual(yield* reason(container.writeFile("/etc/./hosts", "mine")), "Unreachable")
      yield* container.writeFile("/etc/hosts.mine", "mine")
    })
  )
}

/** @internal */
export const themes = [
  { name: "paths with patterns", tests: pathsWithPatterns },
  { name: "unreachable paths", tests: unreachablePaths }
] as const
