import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Backend, Container, Definition, EngineBackend, MemoryBackend } from "@ociman/containers"
import { FakeEngine } from "@ociman/testing"
import { Effect, Layer, Stream } from "effect"
import { existsSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { fileURLToPath } from "node:url"
import { type HostileArchive, hostileTar } from "../../oci/test/hostileTar.js"
import { describeTree } from "../../oci/test/trees.js"

interface Case extends HostileArchive {
  readonly id: string
  readonly generate?: string
}

const file = fileURLToPath(new URL("../../../../shared/vectors/tar-attacks.json", import.meta.url))

const vectors: { readonly cases: ReadonlyArray<Case> } | undefined = existsSync(file)
  ? JSON.parse(readFileSync(file, "utf8"))
  : undefined

/** A temporary directory with a target directory for the copy and files that the copy must not change. */
const sandbox = Effect.acquireRelease(
  Effect.sync(() => {
    const path = mkdtempSync(`${tmpdir()}/ociman-test-hostile-`)
    mkdirSync(`${path}/victim`, { mode: 0o755 })
    writeFileSync(`${path}/victim/hello`, "hello", { mode: 0o644 })
    mkdirSync(`${path}/in`)
    return path
  }),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
)

/** The attack as it is, and with all entries moved below a directory, as an engine returns them. */
const archives = (attack: Case, victim: string): ReadonlyArray<Uint8Array> => {
  const top = { type: "dir", name: "top" }
  const below = attack.entries.map((entry) => ({
    ...entry,
    ...(entry.name === undefined ? {} : { name: `top/${entry.name}` }),
    ...(entry.type === "hardlink" && entry.linkname !== undefined ? { linkname: `top/${entry.linkname}` } : {})
  }))
  return [hostileTar(attack, victim), hostileTar({ ...attack, entries: [top, ...below] }, victim)]
}

/** Tags of the expected errors of a copy. */
const errors = new Set(["CopyFailed", "SystemError", "BadArgument"])

const assertHarmless = (
  path: string,
  copy: Effect.Effect<
    void,
    { readonly _tag: string; readonly message: string },
    NodeContext.NodeContext | Backend.Backend
  >
) =>
  Effect.gen(function*() {
    const before = describeTree(path)
    const result = yield* Effect.either(copy)
    const after = describeTree(path)
    assert.deepStrictEqual(after.filter((line) => !line.startsWith("in/copy")), before)
    assert.strictEqual(lstatSync(`${path}/victim/hello`).nlink, 1)
    if (result._tag === "Left") {
      assert.isTrue(errors.has(result.left._tag), result.left._tag)
      assert.isNotEmpty(result.left.message)
      assert.deepStrictEqual(after, before, "a refused copy left files")
    }
    return result._tag === "Left" ? 0 : 1
  })

const definition = Definition.make("localhost/fake:1")

describe.skipIf(vectors === undefined && process.env["CI"] !== "true")("hostile archives from a container", () => {
  const cases = (vectors?.cases ?? []).filter(({ generate }) => generate === undefined)

  it("are available as test vectors", () => {
    assert.isAbove(cases.length, 80, `${file} is missing`)
  })

  it.live("harm no other file when an engine in memory returns them", () =>
    Effect.gen(function*() {
      const memory = yield* MemoryBackend.make()
      let done = 0
      for (const attack of cases) {
        yield* Effect.scoped(Effect.gen(function*() {
          const path = yield* sandbox
          for (const archive of archives(attack, `${path}/victim`)) {
            const backend = Layer.scoped(
              Backend.Backend,
              Backend.make({
                ...memory,
                files: { ...memory.files, copyOutOf: () => Stream.rechunk(Stream.make(archive), 1) }
              })
            )
            done += yield* assertHarmless(
              path,
              Container.withContainer(definition, Container.copyOut("/top", `${path}/in/copy`)).pipe(
                Effect.provide(backend)
              )
            )
            rmSync(`${path}/in/copy`, { recursive: true, force: true })
          }
        }))
      }
      // Harmless archives are copied.
      assert.isAbove(done, 20)
    }).pipe(Effect.scoped, Effect.provide(Layer.mergeAll(NodeContext.layer, MemoryBackend.layer()))), 120_000)

  it.live("are unpacked in memory or refused", () =>
    Effect.gen(function*() {
      for (const attack of cases) {
        yield* Effect.scoped(Effect.gen(function*() {
          const path = yield* sandbox
          const container = yield* Container.create(definition)
          for (const archive of archives(attack, `${path}/victim`)) {
            const result = yield* Effect.either(container.copyInTar("/", Stream.make(archive)))
            assert.isTrue(result._tag === "Right" || result.left._tag === "CopyFailed", attack.id)
            yield* assertHarmless(path, Container.copyOut(container, "/", `${path}/in/copy`))
            rmSync(`${path}/in/copy`, { recursive: true, force: true })
          }
        }))
      }
    }).pipe(Effect.provide(Layer.mergeAll(NodeContext.layer, MemoryBackend.layer()))), 120_000)

  it.live("harm no other file when a client prints them", () =>
    Effect.gen(function*() {
      const path = yield* sandbox
      const all = cases.flatMap((attack) => archives(attack, `${path}/victim`).slice(1)).filter(({ length }) =>
        length < 1e6
      )
      const engine = all.reduce(
        (script, archive) => FakeEngine.on(script, "container cp", [FakeEngine.stdout(archive)]),
        FakeEngine.docker
      )
      yield* Effect.gen(function*() {
        const container = yield* Container.attach("fake")
        for (const _ of all) {
          yield* assertHarmless(path, Container.copyOut(container, "/top", `${path}/in/copy`))
          rmSync(`${path}/in/copy`, { recursive: true, force: true })
        }
        const calls = yield* FakeEngine.calls
        assert.strictEqual(calls.filter(({ arguments: [, command] }) => command === "cp").length, all.length)
      }).pipe(Effect.provide(Layer.provideMerge(EngineBackend.layer, FakeEngine.layer(engine))))
    }).pipe(Effect.scoped, Effect.provide(NodeContext.layer)), 300_000)
})
