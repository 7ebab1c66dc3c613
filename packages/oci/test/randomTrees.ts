import { FastCheck as fc } from "effect"
import { chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs"

/** Entry of a tree. */
export type Leaf =
  | { readonly type: "File"; readonly content: Uint8Array; readonly mode: number }
  | { readonly type: "Directory"; readonly mode: number }
  | { readonly type: "Symlink"; readonly target: string }

export interface Place {
  readonly path: ReadonlyArray<string>
  readonly leaf: Leaf
}

/** Drops the later of two entries that exclude each other. */
export type Tree = ReadonlyArray<Place>

const isName = (name: string): boolean =>
  !/[/\0\uFFFD\p{Surrogate}]/u.test(name) && name !== "" && name !== "." && name !== ".." &&
  !name.startsWith(".wh.") && Buffer.byteLength(name) <= 255

const name = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom("a", "b", "c", "d") },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      "-rf",
      " ",
      "a b",
      "line\nbreak",
      "\u001B[31m",
      "ä",
      "\u{1F600}",
      "\uFF5E",
      "a.b",
      "a-",
      "\\",
      "*",
      "C:",
      "PaxHeader",
      "n".repeat(255),
      "ü".repeat(127),
      ".w",
      ".hidden"
    )
  },
  { weight: 1, arbitrary: fc.string({ unit: "grapheme", minLength: 1, maxLength: 20 }).filter(isName) }
)

const leaf: fc.Arbitrary<Leaf> = fc.oneof(
  fc.record({
    type: fc.constant("File" as const),
    content: fc.oneof(
      fc.uint8Array({ maxLength: 20 }),
      fc.constantFrom(new Uint8Array(512), new Uint8Array(70_000).fill(1), new Uint8Array(300_000).fill(2))
    ),
    mode: fc.constantFrom(0o644, 0o755, 0o600, 0o400, 0o711)
  }),
  fc.record({ type: fc.constant("Directory" as const), mode: fc.constantFrom(0o755, 0o700, 0o555, 0o1777) }),
  fc.record({
    type: fc.constant("Symlink" as const),
    target: fc.constantFrom("a", "../x", "/etc/passwd", "t".repeat(200), "ö")
  })
)

export const tree: fc.Arbitrary<Tree> = fc.array(
  fc.record({ path: fc.array(name, { minLength: 1, maxLength: 4 }), leaf }),
  { maxLength: 12 }
)

/** The same tree with some entries removed, changed or added. */
export const changed = (before: Tree): fc.Arbitrary<Tree> =>
  fc.tuple(fc.subarray(Array.from(before)), tree).chain(([kept, added]) =>
    fc.shuffledSubarray([...added, ...kept], { minLength: kept.length })
  )

/** Writes a tree to a new directory. */
export const plant = (root: string, places: Tree): string => {
  rmSync(root, { recursive: true, force: true })
  mkdirSync(root, { mode: 0o755 })
  for (const { leaf, path } of places) {
    const location = `${root}/${path.join("/")}`
    try {
      let parent = root
      for (const part of path.slice(0, -1)) {
        parent = `${parent}/${part}`
        try {
          mkdirSync(parent, { mode: 0o755 })
        } catch (error) {
          if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error
        }
      }
      if (leaf.type === "Symlink") symlinkSync(leaf.target, location)
      else if (leaf.type === "File") writeFileSync(location, leaf.content, { flag: "wx" })
      else mkdirSync(location)
      if (leaf.type !== "Symlink") chmodSync(location, leaf.mode)
    } catch {
      continue
    }
  }
  return root
}
