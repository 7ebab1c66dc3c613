import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Build } from "@ociman/containers"
import { NodeHasher } from "@ociman/node"
import { Platform } from "@ociman/oci"
import { Effect, FastCheck, Layer } from "effect"

type Entry =
  | { readonly _tag: "File"; readonly content: string; readonly executable: boolean }
  | { readonly _tag: "Link"; readonly target: string }

type Tree = Readonly<Record<string, Entry>>

const live = Layer.merge(NodeHasher.layer, NodeContext.layer)

const name = FastCheck.stringMatching(/^[a-zA-Z0-9_ü-]{1,6}$/)

// Directories and files have different names, so that all of them can be created.
const path = FastCheck.tuple(FastCheck.array(name.map((name) => `${name}.d`), { maxLength: 2 }), name).map(
  ([directories, file]) => [...directories, file].join("/")
)

const file = FastCheck.record({
  _tag: FastCheck.constant("File" as const),
  content: FastCheck.string({ unit: "binary", maxLength: 20 }),
  executable: FastCheck.boolean()
})

const link = FastCheck.record({ _tag: FastCheck.constant("Link" as const), target: path })

const tree: FastCheck.Arbitrary<Tree> = FastCheck.tuple(
  FastCheck.dictionary(path, FastCheck.oneof({ arbitrary: file, weight: 3 }, link), { minKeys: 1, maxKeys: 6 }),
  file
).map(([entries, dockerfile]) => ({ ...entries, Dockerfile: dockerfile }))

/** Properties of a tree on a disk that must not affect its hash. */
interface Circumstances {
  readonly order: ReadonlyArray<number>
  readonly time: number
  readonly owner: number
  readonly mode: number
}

const circumstances: FastCheck.Arbitrary<Circumstances> = FastCheck.record({
  order: FastCheck.array(FastCheck.integer(), { minLength: 7, maxLength: 7 }),
  time: FastCheck.integer({ min: 1, max: 2_000_000_000 }),
  owner: FastCheck.integer({ min: 0, max: 60_000 }),
  // Only the execute bit of the owner counts.
  mode: FastCheck.constantFrom(0o600, 0o640, 0o644, 0o666, 0o444)
})

const usual: Circumstances = { order: [], time: 1, owner: 0, mode: 0o644 }

const mayChangeOwners = process.getuid?.() === 0

const write = (tree: Tree, { mode, order, owner, time }: Circumstances) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const root = yield* fs.makeTempDirectoryScoped({ prefix: "ociman-test-hash-" })
    const paths = Object.keys(tree).map((path, index) => ({ path, at: order[index] ?? index }))
    for (const { path } of paths.sort((a, b) => a.at - b.at)) {
      const entry = tree[path]
      const location = `${root}/${path}`
      yield* fs.makeDirectory(location.slice(0, location.lastIndexOf("/")), { recursive: true })
      if (entry?._tag === "Link") yield* fs.symlink(entry.target, location)
      if (entry?._tag !== "File") continue
      yield* fs.writeFileString(location, entry.content)
      yield* fs.chmod(location, entry.executable ? mode | 0o100 : mode)
      yield* fs.utimes(location, time, time)
      if (mayChangeOwners) yield* fs.chown(location, owner, owner)
    }
    return root
  })

type Change = (build: Build.Build<undefined>) => Build.Build<undefined>

const tagOf = (tree: Tree, how: Circumstances = usual, change: Change = (build) => build) =>
  write(tree, how).pipe(
    Effect.flatMap((root) => Build.reference(Build.contentAddressed(change(Build.fromDirectory(root)), "app"))),
    Effect.map(String),
    Effect.scoped
  )

/** Changes of one entry, each of which changes the image. */
const changes = (tree: Tree, path: string): ReadonlyArray<Tree> => {
  const { [path]: entry, ...others } = tree
  if (entry === undefined) return []
  const changed: ReadonlyArray<Entry> = entry._tag === "Link"
    ? [{ ...entry, target: `${entry.target}x` }, { _tag: "File", content: entry.target, executable: false }]
    : [
      { ...entry, content: `${entry.content}x` },
      { ...entry, executable: !entry.executable },
      { _tag: "Link", target: entry.content.replaceAll("\0", "") || "x" }
    ]
  return [
    ...changed.map((entry) => ({ ...others, [path]: entry })),
    { ...others, [`${path}-moved`]: entry },
    { ...tree, [`${path}-copied`]: entry },
    ...(path === "Dockerfile" ? [] : [others])
  ]
}

const options = { timeout: 60_000, fastCheck: { numRuns: 25 } }

describe("the hash of a directory", () => {
  it.effect.prop(
    "does not depend on owners, times, order of creation or other permissions",
    { tree, one: circumstances, other: circumstances },
    ({ one, other, tree }) =>
      Effect.gen(function*() {
        assert.strictEqual(yield* tagOf(tree, one), yield* tagOf(tree, other))
      }).pipe(Effect.provide(live)),
    options
  )

  it.effect.prop(
    "changes with every content, name, executable bit and link target",
    { tree, index: FastCheck.nat() },
    ({ index, tree }) =>
      Effect.gen(function*() {
        const paths = Object.keys(tree)
        const trees = [tree, ...changes(tree, paths[index % paths.length] ?? "")]
        const tags = yield* Effect.forEach(trees, (tree) => tagOf(tree))
        assert.strictEqual(new Set(tags).size, trees.length)
      }).pipe(Effect.provide(live)),
    options
  )

  it.effect.prop(
    "changes with the target stage, the Dockerfile and the platform",
    { tree, stages: FastCheck.uniqueArray(name, { minLength: 2, maxLength: 2 }) },
    ({ stages, tree }) =>
      Effect.gen(function*() {
        const same = { ...tree, Other: { _tag: "File", content: "FROM a", executable: false } as const }
        const files = { ...same, "Other.d/Dockerfile": same.Other }
        const ways: ReadonlyArray<Change> = [
          (build) => build,
          ...stages.map((stage) => Build.target(stage)),
          Build.dockerfile("Other"),
          Build.dockerfile("Other.d/Dockerfile"),
          Build.platform(Platform.make("linux/amd64")),
          Build.platform(Platform.make("linux/arm64")),
          Build.platform(Platform.make("linux/arm/v7"))
        ]
        const tags = yield* Effect.forEach(ways, (way) => tagOf(files, usual, way))
        assert.strictEqual(new Set(tags).size, ways.length)
        assert.strictEqual(yield* tagOf(files, usual, Build.dockerfile("./Other.d/../Other")), tags[3])
      }).pipe(Effect.provide(live)),
    options
  )
})
