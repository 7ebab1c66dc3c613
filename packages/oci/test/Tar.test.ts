import { assert, describe, it } from "@effect/vitest"
import { Tar } from "@ociman/oci"
import { Chunk, Effect, Either, FastCheck as fc, Stream } from "effect"
import { hostileTar } from "./hostileTar.js"

const bytesOf = <E, R>(stream: Stream.Stream<Uint8Array, E, R>) =>
  Effect.map(Stream.runCollect(stream), (chunks) => Buffer.concat(Chunk.toReadonlyArray(chunks)))

/** All headers and contents of an archive. */
const readAll = <E, R>(archive: Stream.Stream<Uint8Array, E, R>) =>
  Tar.read(archive).pipe(
    Stream.mapEffect(({ content, ...header }) =>
      Effect.map(bytesOf(content), (bytes) => ({ ...header, content: bytes.toString("latin1") }))
    ),
    Stream.runCollect,
    Effect.map(Chunk.toReadonlyArray)
  )

const pieces = (bytes: Uint8Array, size: number) =>
  Stream.fromIterable(
    Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.subarray(i * size, (i + 1) * size))
  )

const text = fc.string({ unit: "grapheme", minLength: 1, maxLength: 300 }).filter((text) =>
  !/[\0\uFFFD\p{Surrogate}]/u.test(text) && !text.endsWith("/")
)

const entry = fc.record({
  path: fc.oneof(
    text,
    fc.constantFrom("a".repeat(100), "a".repeat(101), `${"d".repeat(155)}/${"f".repeat(100)}`, `${"d".repeat(156)}/f`)
  ),
  type: fc.constantFrom<Tar.EntryType>(
    "File",
    "Directory",
    "Symlink",
    "Link",
    "Fifo",
    "BlockDevice",
    "CharacterDevice"
  ),
  mode: fc.integer({ min: 0, max: 0o7777 }),
  uid: fc.oneof(fc.constantFrom(0, 2097151, 2097152), fc.nat()),
  gid: fc.oneof(fc.constantFrom(0, 2097151, 2097152), fc.nat()),
  seconds: fc.oneof(fc.constantFrom(0, -1, 8 ** 11 - 1, 8 ** 11), fc.integer()),
  target: text,
  content: fc.oneof(
    fc.uint8Array({ maxLength: 1100 }),
    fc.constantFrom(512, 40_000, 200_000).map((n) => new Uint8Array(n).fill(7))
  )
})

const toEntry = ({ content, path, seconds, target, type, ...attributes }: Tar.Attributes & {
  readonly content: Uint8Array
  readonly path: string
  readonly seconds: number
  readonly target: string
  readonly type: Tar.EntryType
}): Tar.Entry => ({
  ...Tar.file(path, type === "File" ? content : new Uint8Array(0), {
    ...attributes,
    modified: new Date(seconds * 1000)
  }),
  type,
  target: type === "Link" || type === "Symlink" ? target : ""
})

describe("Tar", () => {
  it.effect.prop("round-trips entries, in pieces of any size", [
    fc.array(entry, { maxLength: 5 }),
    fc.integer({ min: 1, max: 2000 })
  ], ([described, size]) =>
    Effect.gen(function*() {
      const entries = described.map(toEntry)
      const archive = yield* bytesOf(Tar.write(Stream.fromIterable(entries)))
      assert.strictEqual(archive.length % 512, 0)
      const read = yield* readAll(pieces(archive, size))
      const expected = yield* Effect.forEach(entries, ({ content, ...header }) =>
        Effect.map(bytesOf(content), (bytes) => ({ ...header, content: bytes.toString("latin1") })))
      assert.deepStrictEqual(read, expected)
    }), { fastCheck: { numRuns: 50 }, timeout: 60_000 })

  it.effect.prop("reads pieces of all sizes, and keeps names as written", [
    fc.array(fc.constantFrom("./", "./a", "a//b", "../x", "/abs", "ä/日本/🦭", "n".repeat(300), "d".repeat(99), " "), {
      maxLength: 4
    }),
    fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 20 })
  ], ([paths, sizes]) =>
    Effect.gen(function*() {
      const archive = yield* bytesOf(Tar.write(Stream.fromIterable(paths.map((path) => Tar.file(path, path)))))
      const torn: Array<Uint8Array> = []
      for (let at = 0, i = 0; at < archive.length; i++) {
        const size = sizes[i % sizes.length] ?? 1
        torn.push(archive.subarray(at, at + size))
        at += size
      }
      const read = yield* readAll(Stream.fromIterable(torn)).pipe(Effect.either)
      const whole = yield* readAll(Stream.make(archive)).pipe(Effect.either)
      assert.deepStrictEqual(read, whole)
      if (!paths.includes("./")) {
        assert.deepStrictEqual(Either.map(read, (entries) => entries.map(({ path }) => path)), Either.right(paths))
      }
    }), { fastCheck: { numRuns: 40 }, timeout: 60_000 })

  it.effect.prop("fails with a TarError, or reads an archive, if any byte is changed", [
    fc.nat(),
    fc.integer({ min: 1, max: 255 })
  ], ([position, change]) =>
    Effect.gen(function*() {
      const entries = [Tar.file("ü".repeat(80), "content"), Tar.symlink("l", "x".repeat(120)), Tar.directory("d")]
      const archive = yield* bytesOf(Tar.write(Stream.fromIterable(entries)))
      const at = position % archive.length
      archive[at] = (archive[at] ?? 0) ^ change
      const read = yield* Effect.either(readAll(Stream.make(archive)))
      if (Either.isLeft(read)) assert.instanceOf(read.left, Tar.TarError)
      else assert.isAtMost(read.right.length, entries.length)
    }), { fastCheck: { numRuns: 200 }, timeout: 60_000 })

  it.effect("reads the long names of GNU tar", () =>
    Effect.gen(function*() {
      const name = "long/".repeat(40) + "name"
      const target = "t".repeat(150)
      const archive = hostileTar({
        entries: [
          { type: "file", name, content: "x", format: "gnu" },
          { type: "symlink", name: `${name}-link`, linkname: target, format: "gnu" },
          { type: "file", name: "short" }
        ]
      }, "")
      const read = yield* readAll(pieces(archive, 100))
      assert.deepStrictEqual(read.map(({ path, target }) => [path, target]), [
        [name, ""],
        [`${name}-link`, target],
        ["short", ""]
      ])
    }))

  it.effect("detects a truncation at any position", () =>
    Effect.gen(function*() {
      const archive = yield* bytesOf(Tar.write(Stream.make(Tar.file("ü".repeat(80), "content"), Tar.directory("d"))))
      for (let length = 0; length < archive.length - 512; length += 61) {
        const error = yield* Effect.flip(readAll(Stream.make(archive.subarray(0, length))))
        assert.strictEqual(error.reason, "Truncated", `${length} bytes`)
      }
    }), 30_000)

  it.effect("detects a changed byte of a header", () =>
    Effect.gen(function*() {
      const archive = yield* bytesOf(Tar.write(Stream.make(Tar.file("f", "x"))))
      for (const at of [0, 101, 125, 137, 156, 258, 400]) {
        const damaged = Buffer.from(archive)
        damaged[at] = (damaged[at] ?? 0) ^ 1
        assert.strictEqual((yield* Effect.flip(readAll(Stream.make(damaged)))).reason, "Malformed", `${at}`)
      }
    }))

  for (const size of [2, 4]) {
    it.effect(`fails if a size of ${size} is given for content of 3 bytes`, () =>
      Effect.gen(function*() {
        const entry = Tar.fileStream("f", size, Stream.make(new Uint8Array(2), new Uint8Array(1)))
        const error = yield* Effect.flip(Stream.runDrain(Tar.write(Stream.make(entry))))
        assert.deepInclude(error, { reason: "SizeMismatch", path: "f" })
        assert.include(error.message, `${size} bytes`)
      }))
  }

  for (
    const [name, reason, entry] of [
      ["half a surrogate pair", "InvalidName", Tar.file("\uD800", "")],
      ["a target that is not Unicode", "InvalidName", Tar.symlink("l", "\uDC00")],
      ["an empty name", "Malformed", Tar.file("", "")],
      ["a NUL", "Malformed", Tar.file("a\0b", "")],
      ["no time", "Malformed", Tar.file("f", "", { modified: new Date(NaN) })]
    ] as const
  ) {
    it.effect(`does not write ${name}`, () =>
      Effect.gen(function*() {
        assert.strictEqual((yield* Effect.flip(Stream.runDrain(Tar.write(Stream.make(entry))))).reason, reason)
      }))
  }

  it.effect("skips content that is not read, or only partly", () =>
    Effect.gen(function*() {
      const archive = Tar.write(Stream.make(
        Tar.file("a", "x".repeat(100_000)),
        Tar.file("b", "y".repeat(200_000)),
        Tar.file("c", "z")
      ))
      const split = Stream.flatMap(archive, (bytes) => pieces(bytes, 1000))
      const read = yield* Tar.read(split).pipe(
        Stream.mapEffect(({ content, path }) =>
          path === "a" ? Effect.succeed(0) : Effect.map(bytesOf(Stream.take(content, 1)), ({ length }) => length)
        ),
        Stream.runCollect
      )
      assert.deepStrictEqual(Array.from(read), [0, read.pipe(Chunk.unsafeGet(1)), 1])
      assert.isAbove(Chunk.unsafeGet(read, 1), 0)
    }))

  it.effect("dies if content is read after the next entry", () =>
    Effect.gen(function*() {
      const archive = Tar.write(Stream.make(Tar.file("a", "x"), Tar.file("b", "y")))
      const late = Stream.mapEffect(Stream.zipWithPrevious(Tar.read(archive)), ([previous]) =>
        previous._tag === "Some" ? Stream.runDrain(previous.value.content) : Effect.void)
      const exit = yield* Effect.exit(Stream.runDrain(late))
      assert.isTrue(exit._tag === "Failure" && exit.cause._tag === "Die")
    }))

  it.effect("fails with the error of its source, also in the middle of content", () =>
    Effect.gen(function*() {
      const archive = yield* bytesOf(Tar.write(Stream.make(Tar.file("a", "x".repeat(2000)))))
      const broken = Stream.concat(Stream.make(archive.subarray(0, 1000)), Stream.fail("broken" as const))
      assert.strictEqual(yield* Effect.flip(readAll(broken)), "broken")
    }))

  it.effect("ignores bytes after the end mark", () =>
    Effect.gen(function*() {
      const archive = yield* bytesOf(Tar.write(Stream.make(Tar.file("a", "x"))))
      const read = yield* readAll(Stream.make(archive, archive, new Uint8Array(100)))
      assert.deepStrictEqual(read.map(({ path }) => path), ["a"])
    }))
})
