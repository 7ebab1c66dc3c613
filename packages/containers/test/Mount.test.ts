import { assert, describe, it } from "@effect/vitest"
import { Mount } from "@ociman/containers"
import { Either, Equal, FastCheck, Schema } from "effect"
import { type Flag, formatMount } from "../src/internal/cli/flags/mount.js"
import { messageOf } from "./support/parsing.js"
import { describeVectors } from "./support/vectors.js"

const path = FastCheck.string({ minLength: 1, maxLength: 12, unit: FastCheck.constantFrom(..."ab,\":= 'ü/\\") })
  .map((text) => `/x${text}`)
  .filter((text) => text === text.trim())

const readOnly = FastCheck.boolean()

const propagation = FastCheck.constantFrom(undefined, ...Mount.Propagation.literals)

const bind = FastCheck.record({ source: path, target: path, readOnly, propagation }).map(Mount.bind)

const volume = FastCheck.record({
  source: FastCheck.stringMatching(/^[A-Za-z0-9][\w.-]{1,20}$/),
  target: path,
  readOnly
})
  .map(Mount.volume)

const tmpfs = FastCheck.record({
  target: path,
  readOnly,
  size: FastCheck.option(FastCheck.integer({ min: 1 }), { nil: undefined }),
  mode: FastCheck.option(FastCheck.integer({ min: 1, max: 0o7777 }), { nil: undefined })
}).map(Mount.tmpfs)

const shortPath = path.filter((text) => !text.includes(":"))

const short = FastCheck.oneof(
  FastCheck.record({
    source: shortPath,
    target: shortPath,
    readOnly,
    propagation,
    selinux: FastCheck.constantFrom(undefined, "shared" as const, "private" as const)
  }).map((options) => Mount.bind({ ...options, createSource: true })),
  FastCheck.record({ source: FastCheck.constant("data"), target: shortPath, readOnly }).map((options) =>
    Mount.volume({ ...options, noCopy: true, selinux: "private" })
  )
)

describe("Mount", () => {
  it("compares by value", () => {
    const a = Mount.bind({ source: "/a", target: "/b", readOnly: undefined, propagation: undefined })
    assert.isTrue(Equal.equals(a, Mount.bind({ source: "/a", target: "/b", readOnly: false })))
    assert.isTrue(Equal.equals(Mount.tmpfs({ target: "/a", size: "1k" }), Mount.tmpfs({ target: "/a", size: 1024 })))
  })

  it.each<[mount: Mount.Mount, docker: Flag, podman: Flag]>([
    [
      Mount.bind({ source: "/a,b", target: "/t \"u\"", readOnly: true, propagation: "rslave" }),
      ["--mount", "type=bind,\"source=/a,b\",\"target=/t \"\"u\"\"\",ro,bind-propagation=rslave"],
      ["--mount", "type=bind,\"source=/a,b\",\"target=/t \"\"u\"\"\",ro,bind-propagation=rslave"]
    ],
    [
      Mount.bind({ source: "/a:b c", target: "/t:u" }),
      ["--mount", "type=bind,source=/a:b c,target=/t:u"],
      ["--mount", "type=bind,source=/a:b c,target=/t:u"]
    ],
    [
      Mount.bind({ source: "/a,b", target: "/t", readOnly: true, selinux: "private", propagation: "shared" }),
      ["--volume", "/a,b:/t:ro,Z,shared"],
      ["--mount", "type=bind,\"source=/a,b\",target=/t,ro,bind-propagation=shared,relabel=private"]
    ],
    [
      Mount.bind({ source: "C:\\data", target: "/t", createSource: true }),
      ["--volume", "C:\\data:/t"],
      ["--mount", "type=bind,source=C:\\data,target=/t"]
    ],
    [Mount.volume({ target: "/t" }), ["--mount", "type=volume,target=/t"], ["--mount", "type=volume,target=/t"]],
    [
      Mount.volume({ source: "data", target: "/t:u", readOnly: true }),
      ["--mount", "type=volume,source=data,target=/t:u,ro"],
      ["--mount", "type=volume,source=data,target=/t:u,ro"]
    ],
    [
      Mount.volume({ source: "data", target: "/t", noCopy: true }),
      ["--mount", "type=volume,source=data,target=/t,volume-nocopy"],
      ["--volume", "data:/t:nocopy"]
    ],
    [
      Mount.volume({ source: "data", target: "/t", noCopy: true, selinux: "shared" }),
      ["--volume", "data:/t:z,nocopy"],
      ["--volume", "data:/t:z,nocopy"]
    ],
    [
      Mount.tmpfs({ target: "/t" }),
      ["--mount", "type=tmpfs,target=/t"],
      ["--mount", "type=tmpfs,target=/t,notmpcopyup,noexec"]
    ],
    [
      Mount.tmpfs({ target: "/t,u", size: "64k", mode: 0o750, readOnly: true }),
      ["--mount", "type=tmpfs,\"target=/t,u\",ro,tmpfs-size=65536,tmpfs-mode=750"],
      ["--mount", "type=tmpfs,\"target=/t,u\",ro,tmpfs-size=65536,tmpfs-mode=750,notmpcopyup,noexec"]
    ],
    [
      Mount.tmpfs({ target: "/t", exec: true, size: 1, mode: 0o1777 }),
      ["--tmpfs", "/t:exec,size=1,mode=1777"],
      ["--mount", "type=tmpfs,target=/t,tmpfs-size=1,tmpfs-mode=1777,notmpcopyup"]
    ]
  ])("formats %j for both clients", (mount, docker, podman) => {
    assert.deepStrictEqual(formatMount(mount, "docker"), docker)
    assert.deepStrictEqual(formatMount(mount, "podman"), podman)
  })

  it.each<[make: () => Mount.Mount, message: string]>([
    [() => Mount.bind({ source: "a", target: "/t" }), "Invalid path on the host \"a\": it is not absolute"],
    [() => Mount.bind({ source: "", target: "/t" }), "Invalid path on the host \"\": it is empty"],
    [
      () => Mount.bind({ source: "/a ", target: "/t" }),
      "Invalid path on the host \"/a \": it begins or ends with white"
    ],
    [() => Mount.bind({ source: "/a\nb", target: "/t" }), "\"\\n\" at position 2 is not allowed, a path has no line"],
    [
      () => Mount.bind({ source: "/a", target: "t" }),
      "Invalid path in a container \"t\": it does not begin with \"/\""
    ],
    [
      () => Mount.volume({ target: "/./.." }),
      "Invalid path in a container \"/./..\": the root of a container is its image"
    ],
    [() => Mount.bind({ source: "/a:b", target: "/t", selinux: "shared" }), "\":\" at position 2 is not allowed"],
    [() => Mount.bind({ source: "/a", target: "/t:u", createSource: true }), "\":\" at position 2 is not allowed"],
    [() => Mount.volume({ source: "v", target: "/t" }), "Invalid volume name \"v\": its length is 1, not 2 to 255"],
    [
      () => Mount.volume({ source: "/a", target: "/t" }),
      "Invalid volume name \"/a\": \"/\" at position 0 is not allowed"
    ],
    [() => Mount.volume({ target: "/t", readOnly: true }), "only a volume with a name can be read-only"],
    [() => Mount.volume({ source: "data", target: "/t:u", noCopy: true }), "\":\" at position 2 is not allowed"],
    [() => Mount.tmpfs({ target: "/t:u", exec: true }), "\":\" at position 2 is not allowed"],
    [() => Mount.tmpfs({ target: "/t", size: 0 }), "it is not 1 byte or more"],
    [
      () => Mount.tmpfs({ target: "/t", mode: 0o10000 }),
      "Invalid mode 0o10000: it is not an integer from 0o1 to 0o7777"
    ]
  ])("throws for an invalid mount: %s", (make, message) => {
    assert.throws(make, message)
  })

  it.each<[text: string, mount: Mount.Mount]>([
    ["type=bind,src=/a,dst=/t,ro", Mount.bind({ source: "/a", target: "/t", readOnly: true })],
    [
      "type=BIND,\"source=/a,\"\"b\",destination=/t,readonly=1",
      Mount.bind({
        source: "/a,\"b",
        target: "/t",
        readOnly: true
      })
    ],
    ["type=bind,source=/a,source=/c,target=/t,consistency=cached", Mount.bind({ source: "/c", target: "/t" })],
    ["type=bind,source=/a,target=/t,relabel=shared", Mount.bind({ source: "/a", target: "/t", selinux: "shared" })],
    ["target=/t", Mount.volume({ target: "/t" })],
    ["source=data,target=/t,volume-nocopy", Mount.volume({ source: "data", target: "/t", noCopy: true })],
    ["type=tmpfs,target=/t,tmpfs-size=64K,tmpfs-mode=0750", Mount.tmpfs({ target: "/t", size: 65536, mode: 0o750 })],
    ["type=tmpfs,target=/t,tmpfs-size=0", Mount.tmpfs({ target: "/t" })]
  ])("parses --mount %s", (text, mount) => {
    assert.deepStrictEqual(Mount.parse(text), Either.right(mount))
  })

  it.each([
    ["", "Invalid mount \"\": \"\" is not an option of a mount"],
    ["type=bind,source=/a", "Invalid mount \"type=bind,source=/a\": there is no target"],
    ["type=bind,target=/a", "Invalid mount \"type=bind,target=/a\": there is no source"],
    ["type=tmpfs,source=/a,target=/t", "Invalid mount \"type=tmpfs,source=/a,target=/t\": a tmpfs has no source"],
    ["type=npipe", "Invalid mount \"type=npipe\": the type \"npipe\" is not bind, volume or tmpfs"],
    ["type=toString", "Invalid mount \"type=toString\": the type \"tostring\" is not bind, volume or tmpfs"],
    ["type,target=/t", "Invalid mount \"type,target=/t\": the type \"\" is not bind, volume or tmpfs"],
    ["target", "Invalid mount \"target\": target has no value"],
    ["target=/t,volume-opt=a", "Invalid mount \"target=/t,volume-opt=a\": \"volume-opt\" is not an option of a mount"],
    [
      "target=/t,tmpfs-size=1",
      "Invalid mount \"target=/t,tmpfs-size=1\": tmpfs-size is not an option of a volume mount"
    ],
    ["target=/t,ro=", "Invalid mount \"target=/t,ro=\": the value \"\" of ro is not true or false"],
    [
      "target=\"/t",
      "Invalid mount \"target=\\\"/t\": the quote at position 7 is within a field that does not begin with one"
    ],
    ["\"target=/t", "Invalid mount \"\\\"target=/t\": the quote at position 0 is not closed"],
    ["\"target=/t\"x", "Invalid mount \"\\\"target=/t\\\"x\": there is no comma at position 11, after a quoted field"],
    ["target=t", "Invalid mount \"target=t\": invalid path in a container \"t\": it does not begin with \"/\""]
  ])("rejects --mount %j", (text, message) => {
    assert.strictEqual(messageOf(Mount.parse(text)), message)
  })

  it.each<[text: string, mount: Mount.Mount]>([
    ["/t", Mount.volume({ target: "/t" })],
    ["data:/t", Mount.volume({ source: "data", target: "/t" })],
    [
      "data:/t:ro,nocopy,z",
      Mount.volume({
        source: "data",
        target: "/t",
        readOnly: true,
        noCopy: true,
        selinux: "shared"
      })
    ],
    [
      "/a:/t:rw,Z,rslave,cached",
      Mount.bind({
        source: "/a",
        target: "/t",
        createSource: true,
        selinux: "private",
        propagation: "rslave"
      })
    ],
    ["C:\\a:/t:ro", Mount.bind({ source: "C:\\a", target: "/t", readOnly: true, createSource: true })]
  ])("parses --volume %s", (text, mount) => {
    assert.deepStrictEqual(Mount.parseShort(text), Either.right(mount))
  })

  it.each([
    ["", "a part between colons is empty"],
    ["/a:", "a part between colons is empty"],
    ["/a:/b:", "a part between colons is empty"],
    ["/a:/b:ro:x", "it has more than three parts between colons"],
    ["/a:/b:ro,rw", "it is both ro and rw"],
    ["/a:/b:nocopy", "\"nocopy\" is not an option of a bind mount"],
    ["data:/b:rslave", "\"rslave\" is not an option of a volume"],
    [
      "./a:/b",
      "invalid path on the host \"./a\": it is not absolute, and the base of a relative path depends on the engine's client"
    ],
    ["data:rel", "invalid path in a container \"rel\": it does not begin with \"/\""]
  ])("rejects --volume %j", (text, reason) => {
    assert.strictEqual(messageOf(Mount.parseShort(text)), `Invalid mount ${JSON.stringify(text)}: ${reason}`)
  })

  it.prop("parses its own format of --mount", [FastCheck.oneof(bind, volume, tmpfs)], ([mount]) => {
    const [flag, value] = formatMount(mount, "docker")
    assert.strictEqual(flag, "--mount")
    assert.deepStrictEqual(Mount.parse(value), Either.right(mount))
    if (mount._tag !== "Tmpfs") {
      assert.deepStrictEqual(Mount.parse(formatMount(mount, "podman")[1]), Either.right(mount))
    }
  })

  it.prop("parses its own format of --volume", [short], ([mount]) => {
    const [flag, value] = formatMount(mount, "docker")
    assert.strictEqual(flag, "--volume")
    assert.deepStrictEqual(Mount.parseShort(value), Either.right(mount))
  })

  it.prop("encodes to plain data and back", [FastCheck.oneof(bind, volume, tmpfs, short)], ([mount]) => {
    const text = JSON.stringify(Schema.encodeSync(Mount.Mount)(mount))
    assert.isTrue(Equal.equals(Schema.decodeSync(Schema.parseJson(Mount.Mount))(text), mount))
  })

  it("rejects long invalid texts", () => {
    for (const char of "\",=:/a") {
      assert.isTrue(Either.isLeft(Mount.parse(char.repeat(1_000_000))))
      assert.isTrue(Either.isLeft(Mount.parseShort(`a${char}`.repeat(500_000))))
    }
  })

  const Podman = Schema.Struct({ error: Schema.optional(Schema.String) })

  const podmanTakes = ({ error }: typeof Podman.Type): boolean => error?.endsWith("no such file or directory") ?? true

  const refusedHere: ReadonlySet<string> = new Set([
    // Relative paths, which depend on the working directory of the client.
    ...[".", "./", "../", "..", "~/x", "$HOME", "rel/dir"].flatMap((source) => [
      `type=bind,source=${source},target=/t`,
      `type=bind,source=${source},target=/target`
    ]),
    "./foo:/target",
    "../other:/target",
    "./foo:d:\\target",
    // Clients accept these, engines reject them.
    "type=bind,target=/t",
    "/a:/",
    "/a:/b:U",
    // A drive of Windows; Docker rejects names of volumes with one letter.
    "a:/b:ro"
  ])

  const MountCase = Schema.Struct({
    mount: Schema.String,
    parsed: Schema.optional(Schema.Struct({
      Type: Schema.String,
      Source: Schema.optional(Schema.String),
      Target: Schema.optional(Schema.String),
      ReadOnly: Schema.optional(Schema.Boolean),
      TmpfsOptions: Schema.optional(Schema.Struct({ SizeBytes: Schema.optional(Schema.Number) }))
    })),
    podman: Podman
  })

  const VolumeCase = Schema.Struct({
    volume: Schema.String,
    dockerCli: Schema.Struct({ error: Schema.optional(Schema.String) }),
    podman: Podman
  })

  const Vectors = Schema.Struct({ mounts: Schema.Array(MountCase), volumes: Schema.Array(VolumeCase) })

  describeVectors("mounts.json", Vectors, ({ mounts, volumes }) => {
    const agreed = mounts.filter(({ parsed, podman }) => (parsed !== undefined) === podmanTakes(podman))

    it.each(agreed)("parses --mount $mount like Docker's client", ({ mount, parsed }) => {
      const result = Either.getOrUndefined(Mount.parse(mount))
      if (parsed === undefined || refusedHere.has(mount)) {
        assert.isUndefined(result)
        return
      }
      const { ReadOnly, Source, Target, TmpfsOptions, Type } = parsed
      assert.strictEqual(result?._tag.toLowerCase(), Type)
      assert.strictEqual(result?.target, Target)
      assert.strictEqual(result?.readOnly, ReadOnly ?? false)
      if (result?._tag === "Tmpfs") assert.strictEqual(result.size, TmpfsOptions?.SizeBytes)
      else assert.strictEqual(result?.source, Source)
    })

    const shortAgreed = volumes.filter(({ dockerCli, podman }) =>
      (dockerCli.error === undefined) === podmanTakes(podman)
    )

    it.each(shortAgreed)("parses --volume $volume like Docker's client", ({ dockerCli, volume }) => {
      assert.strictEqual(
        Either.isRight(Mount.parseShort(volume)),
        dockerCli.error === undefined && !refusedHere.has(volume)
      )
    })
  })
})
