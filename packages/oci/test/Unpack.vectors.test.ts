import { assert, describe, it } from "@effect/vitest"
import { MediaType, Unpack } from "@ociman/oci"
import { Effect, Either, Stream } from "effect"
import { existsSync, lstatSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { gzipSync } from "node:zlib"
import { type HostileArchive, type HostileEntry, hostileTar } from "./hostileTar.js"
import { describeTree, layerServices, temporaryDirectory } from "./trees.js"

interface Case extends HostileArchive {
  readonly id: string
  readonly safe: ReadonlyArray<string>
  readonly lowerLayer?: ReadonlyArray<HostileEntry>
  readonly generate?: string
  readonly expectTree?: ReadonlyArray<string>
}

const file = fileURLToPath(new URL("../../../../shared/vectors/tar-attacks.json", import.meta.url))

const vectors: { readonly cases: ReadonlyArray<Case> } | undefined = existsSync(file)
  ? JSON.parse(readFileSync(file, "utf8"))
  : undefined

const refusals = ["reject", "dangling-error", "error", "reject-depth"]

/**
 * Refused cases among those that an implementation may apply or refuse, with reasons. All other optional cases are
 * applied.
 */
const refused: Readonly<Record<string, string>> = {
  "name-slash-dotdot": "UnsafePath",
  "name-deep-dotdot": "UnsafePath",
  "name-empty": "UnsafePath",
  "name-dotdot-dir-mode": "UnsafePath",
  "name-nul": "Malformed",
  "name-trailing-slash-file": "Malformed",
  "name-component-256": "CannotWrite",
  "name-deep-nesting": "LimitExceeded",
  "symlink-absolute-then-file": "UnsafePath",
  "symlink-nested-newdir": "UnsafePath",
  "symlink-hardlink-read": "UnsafeLink",
  "symlink-root": "ChangesRoot",
  "symlink-root-slash": "ChangesRoot",
  "symlink-self": "UnsafePath",
  "symlink-lower-then-upper": "UnsafePath",
  "symlink-long-target": "LimitExceeded",
  "symlink-empty-target": "UnsafeLink",
  "hardlink-slash-dotdot": "UnsafeLink",
  "hardlink-absolute": "UnsafeLink",
  "hardlink-sub-dotdot": "UnsafeLink",
  "hardlink-to-dir-write": "UnsafeLink",
  "hardlink-then-symlink": "UnsafeLink",
  "hardlink-hardlink": "UnsafeLink",
  "hardlink-forward": "UnsafeLink",
  "device-char": "Device",
  "fifo-then-file": "Device",
  "sparse-gnu": "UnsupportedEntry",
  "unknown-type": "UnsupportedEntry",
  "pax-linkpath-escape": "UnsafeLink",
  "pax-malformed-length": "Malformed",
  "pax-huge-header": "UnsupportedEntry",
  "truncated-header": "Truncated",
  "size-negative": "Malformed",
  "size-huge-base256": "Malformed",
  "dir-with-size": "Malformed",
  "wh-empty-name": "InvalidWhiteout",
  "wh-dot": "InvalidWhiteout",
  "wh-dotdot": "InvalidWhiteout",
  "wh-dotdot-path": "UnsafePath"
}

/** Expectation of a case beyond the list of names. `L` is the directory around the root. */
const trees: Readonly<Record<string, ReadonlyArray<string>>> = {
  "name-dot-slash": ["etc/", "etc/x 644 ok", "y 644 ok"],
  "name-absolute": ["etc/", "etc/abs 644 ok"],
  "name-multi-slash": ["etc/", "etc/abs2 644 ok"],
  "name-backslash": ["..\\victim\\bs 644 x", "a\\b 644 x"],
  "name-control-chars": ["\u001B[31mred 644 x", "a\nb 644 x", "t\tab 644 x"],
  "symlink-absolute-escape-only": ["dotdot -> ../victim/hello"],
  "symlink-chain": ["a -> b", "b -> ..", "victim/", "victim/x 644 pwn"],
  "symlink-replaced-by-file": ["loophole-victim 644 data"],
  // As in the specification, and unlike in umoci, a directory replaces a link, even one to a directory.
  "symlink-usrmerge": ["bin/", "bin/new 644 ok", "usr/", "usr/bin/", "usr/bin/old 644 o"],
  "symlink-scoping-1": ["file 644 ok", "link -> /"],
  "symlink-scoping-2": ["file 644 ok", "link -> /../"],
  "symlink-scoping-5": ["file 644 ok", "link -> .."],
  "symlink-case-fold": ["Link -> ../victim", "link/", "link/x 644 pwn"],
  "hardlink-overwrite-via-link": ["h 644 pwn", "s -> ../victim/hello"],
  "hardlink-then-file-same-name": ["link 644 bar\n", "overwriteme 644 foo\n"],
  "hardlink-to-lower": ["h 644 low", "low 644 low"],
  "hardlink-attrs-ignored": ["f 600 x", "h 600 x"],
  "mode-000-dir": ["d/ 0", "d/f 644 x"],
  "xattr-security": ["x 644 x"],
  "contiguous-type": ["cont 644 ok"],
  "global-pax": ["a 644 ok"],
  "global-pax-path": ["a 644 x"],
  "dup-file": ["f 644 two"],
  "dup-file-dir": ["x/", "x/y 644 2"],
  "dir-after-children": ["d/ 700", "d/f 644 x"],
  "gzip-trailing-zeros": ["a 644 1"],
  "no-end-blocks": ["f 644 x"],
  "empty-tar": [],
  "wh-same-layer-before": ["f 644 new"],
  "wh-through-symlink": ["l -> ../victim"],
  "wh-same-layer-symlink": ["l -> ../victim"]
}

const timed: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  "dir-after-children": { d: 1_000_000_000 },
  "dir-mtime-kept": { d: 1_000_000_000 },
  "mtime-huge": { t0: 0, tneg: -1 }
}

const entriesOf = ({ entries, generate }: Case): ReadonlyArray<HostileEntry> =>
  generate === undefined
    ? entries
    : Array.from({ length: 100_000 }, (_, i) => ({ type: "file", name: `f${String(i).padStart(6, "0")}` }))

const blob = (id: string, archive: Uint8Array) =>
  id === "gzip-trailing-zeros"
    ? { mediaType: MediaType.ImageLayerGzip, bytes: Stream.make(gzipSync(archive), new Uint8Array(5000)) }
    : { mediaType: MediaType.ImageLayer, bytes: Stream.make(archive) }

describe.skipIf(vectors === undefined && process.env["CI"] !== "true")("The vectors of hostile archives", () => {
  it("exist", () => {
    assert.isAbove(vectors?.cases.length ?? 0, 80, `${file} is missing`)
  })

  for (const attack of vectors?.cases ?? []) {
    it.scoped(attack.id, () =>
      Effect.gen(function*() {
        const sandbox = yield* temporaryDirectory
        const victim = `${sandbox}/victim`
        mkdirSync(victim, { mode: 0o755 })
        writeFileSync(`${victim}/hello`, "hello", { mode: 0o644 })
        const before = describeTree(sandbox)
        const layers = [
          ...attack.lowerLayer === undefined ? [] : [{ entries: attack.lowerLayer }],
          { ...attack, entries: entriesOf(attack) }
        ].map((archive) => blob(attack.id, hostileTar(archive, victim)))

        const result = yield* Effect.either(Unpack.toDirectory(`${sandbox}/rootfs`, layers))

        const after = describeTree(sandbox)
        assert.deepStrictEqual(after.filter((line) => !line.startsWith("rootfs/")), before)
        assert.strictEqual(lstatSync(`${victim}/hello`).nlink, 1)
        if (Either.isLeft(result)) {
          assert.isTrue(attack.safe.some((outcome) => refusals.includes(outcome)), result.left.message)
          assert.strictEqual(result.left.reason, refused[attack.id], result.left.message)
          assert.deepStrictEqual(after, before, "something of a refused layer is left")
          return
        }
        assert.isTrue(attack.safe.some((outcome) => !refusals.includes(outcome)), "this must be refused")
        assert.isUndefined(refused[attack.id], "this was to be refused")
        assert.isTrue(lstatSync(`${sandbox}/rootfs`).isDirectory())
        const lines = describeTree(`${sandbox}/rootfs`)
        if (attack.expectTree !== undefined) {
          assert.deepStrictEqual(lines.map((line) => line.replace(/ .*/s, "")), Array.from(attack.expectTree).sort())
        }
        const expected = trees[attack.id]
        if (expected !== undefined) assert.deepStrictEqual(lines, expected)
        for (const [path, seconds] of Object.entries(timed[attack.id] ?? {})) {
          assert.strictEqual(lstatSync(`${sandbox}/rootfs/${path}`).mtimeMs, seconds * 1000, path)
        }
      }).pipe(Effect.provide(layerServices)), 120_000)
  }
})
