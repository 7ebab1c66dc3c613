import { NodeContext } from "@effect/platform-node"
import { describe, it } from "@effect/vitest"
import { assertFalse, assertInclude, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Backend, type BackendDriver, EngineBackend, Image, Label, Transfer } from "@ociman/containers"
import { Reference } from "@ociman/oci"
import { FakeEngine } from "@ociman/testing"
import { Chunk, Effect, Layer, Stream } from "effect"

const image = Reference.make("localhost/app:1")

const on = (
  engine: FakeEngine.Script,
  command: string,
  complaint: string,
  before: ReadonlyArray<FakeEngine.Step> = [],
  answer = ""
) =>
  (engine.engine === "docker" ? EngineBackend.layerDocker : EngineBackend.layerPodman).pipe(
    Layer.provide(FakeEngine.layer(engine.pipe(
      FakeEngine.on(command, [...before, FakeEngine.stderr(complaint), FakeEngine.exit(1)]),
      FakeEngine.on(command, [...before, FakeEngine.stdout(answer)])
    ))),
    Layer.provide(NodeContext.layer)
  )

describe("an operation is retried if", () => {
  it.live("Docker refuses a prune because another one is running", () =>
    Effect.gen(function*() {
      deepStrictEqual(yield* Image.prune([Label.has("any")]), [])
    }).pipe(
      Effect.provide(
        on(
          FakeEngine.docker,
          "image prune",
          "Error response from daemon: a prune operation is already running\n"
        )
      )
    ))

  it.live("a concurrent prune on Docker deletes the lease of a prune", () =>
    Effect.gen(function*() {
      deepStrictEqual(yield* Image.prune([Label.has("any")]), [])
    }).pipe(
      Effect.provide(
        on(
          FakeEngine.docker,
          "image prune",
          "Error response from daemon: NotFound: lease \"670368187-1N5h\": not found\n"
        )
      )
    ))

  describe("a prune on Docker deletes the leases of concurrent writers", () => {
    const leaseLost = "failed commit on ref \"sha256:f1036f\": commit failed: lease does not exist: not found\n"

    const commit = (text: string) =>
      Effect.gen(function*() {
        const id = yield* Effect.flatMap(Backend.Backend, (backend) => backend.containers.commit("app", image, {}))
        strictEqual(id, `sha256:${"b".repeat(64)}`)
      }).pipe(Effect.provide(
        EngineBackend.layerDocker.pipe(
          Layer.provide(FakeEngine.layer(FakeEngine.docker.pipe(
            FakeEngine.on("container commit", [
              FakeEngine.stderr(`Error response from daemon: ${text}`),
              FakeEngine.exit(1)
            ]),
            FakeEngine.on("container commit", [FakeEngine.stdout(`sha256:${"b".repeat(64)}\n`)])
          ))),
          Layer.provide(NodeContext.layer)
        )
      ))

    it.live.each(
      [
        ["its lease", leaseLost],
        [
          "its layer",
          "failed to export layer: failed to check if archive is empty: failed to decompress archive: rpc error: " +
          "code = NotFound desc = content digest sha256:1e3f1eef: not found\n"
        ],
        ["the layer below", "failed to apply diff: parent snapshot sha256:1e3f1eef does not exist: not found\n"]
      ] as const
    )("a commit is retried after losing %s", ([, text]) => commit(text))

    it.live("a pull is retried and reports the failure as a message", () =>
      Effect.gen(function*() {
        const events = Chunk.toReadonlyArray(yield* Stream.runCollect(Image.pullStream(image)))
        deepStrictEqual(events.filter(({ _tag }) => _tag === "Layer"), [
          Transfer.layer("3cff3bb8848c", "Waiting"),
          Transfer.layer("3cff3bb8848c", "Done")
        ])
        deepStrictEqual(events.filter(({ _tag }) => _tag === "Message"), [
          Transfer.message(`Error response from daemon: ${leaseLost.trim()}`)
        ])
      }).pipe(Effect.provide(
        EngineBackend.layerDocker.pipe(
          Layer.provide(FakeEngine.layer(FakeEngine.docker.pipe(
            FakeEngine.on("image pull", [
              FakeEngine.stdout("3cff3bb8848c: Pulling fs layer\n"),
              FakeEngine.stderr(`Error response from daemon: ${leaseLost}`),
              FakeEngine.exit(1)
            ]),
            FakeEngine.on("image pull", [FakeEngine.stdout("3cff3bb8848c: Pull complete\n")])
          ))),
          Layer.provide(NodeContext.layer)
        )
      )))

    const buildsOn =
      (engine: FakeEngine.Script) =>
      (request: Partial<BackendDriver.BuildRequest>, ...steps: ReadonlyArray<FakeEngine.Step>) =>
        Effect.gen(function*() {
          const backend = yield* Backend.Backend
          const error = yield* Effect.flip(Stream.runDrain(backend.builds.build({
            image,
            source: { _tag: "Instructions", text: "FROM base\n" },
            arguments: {},
            labels: Label.fromRecord({}),
            ...request
          })))
          const args = (yield* FakeEngine.calls).map(({ arguments: args }) => args).filter(([command]) =>
            command === "build"
          )
          return { error, args }
        }).pipe(Effect.provide(
          (engine.engine === "docker" ? EngineBackend.layerDocker : EngineBackend.layerPodman).pipe(
            Layer.provideMerge(FakeEngine.layer(engine.pipe(
              FakeEngine.on("build", steps),
              FakeEngine.on("build", [FakeEngine.stdout("Step 1/1 : FROM base\n")])
            ))),
            Layer.provide(NodeContext.layer)
          )
        ))

    const builds = buildsOn(FakeEngine.docker)

    // The fake client writes no image id, so the second run fails with UnexpectedAnswer.
    it.live.each(
      [
        ["a lease", leaseLost],
        ["a file", "failed commit on ref \"layer-sha256:ab\": rename /ingest/data: no such file or directory\n"],
        ["the image of the step before", "unable to find image \"sha256:5fb71ec65b07\"\n"]
      ] as const
    )("a build is retried after losing %s", ([, text]) =>
      Effect.gen(function*() {
        const { args, error } = yield* builds(
          {},
          FakeEngine.stdout("Step 1/2 : FROM base\nStep 2/2 : LABEL a=b\n"),
          FakeEngine.stderr(text),
          FakeEngine.exit(1)
        )
        strictEqual(args.length, 2)
        strictEqual(error._tag === "EngineFailed" && error.reason, "UnexpectedAnswer")
      }))

    it.live("a build on Podman is retried after its cached image is removed", () =>
      Effect.gen(function*() {
        const { args } = yield* buildsOn(FakeEngine.podman)(
          {},
          FakeEngine.stdout("STEP 1/2: FROM base\nSTEP 2/2: LABEL a=b\n"),
          FakeEngine.stderr(
            "Error: checking if cached image exists from a previous build: getting top layer info: layer not known\n"
          ),
          FakeEngine.exit(1)
        )
        strictEqual(args.length, 2)
      }))

    it.live("a build that keeps losing its cache is finally retried without a cache", () =>
      Effect.gen(function*() {
        const lost = [
          FakeEngine.stdout("Step 1/2 : FROM base\nStep 2/2 : LABEL a=b\n"),
          FakeEngine.stderr("unable to find image \"sha256:5fb71ec65b07\"\n"),
          FakeEngine.exit(1)
        ]
        const { args } = yield* buildsOn(
          [1, 2, 3, 4].reduce((engine) => FakeEngine.on(engine, "build", lost), FakeEngine.docker)
        )({}, ...lost)
        deepStrictEqual(
          args.map((words) => words.includes("--no-cache")),
          [false, false, false, false, false, true]
        )
      }))

    const loading = (archive: Stream.Stream<Uint8Array>) =>
      Image.load(archive).pipe(Effect.provide(
        EngineBackend.layerDocker.pipe(
          Layer.provide(FakeEngine.layer(FakeEngine.docker.pipe(
            FakeEngine.on("image load", [
              FakeEngine.readStdin,
              FakeEngine.stderr(`Error response from daemon: ${leaseLost}`),
              FakeEngine.exit(1)
            ]),
            FakeEngine.on("image load", [FakeEngine.readStdin, FakeEngine.stdout("Loaded image: localhost/app:1\n")])
          ))),
          Layer.provide(NodeContext.layer)
        )
      ))

    it.live("a load is retried if its archive can be read again", () =>
      Effect.gen(function*() {
        const { references } = yield* loading(Stream.make(new Uint8Array(2 ** 21), new Uint8Array([1, 2, 3])))
        deepStrictEqual(references.map(String), ["localhost/app:1"])
      }))

    it.live("a save is retried if no byte was emitted yet", () =>
      Effect.gen(function*() {
        const bytes = yield* Stream.runCollect(Image.save(image))
        strictEqual(Chunk.toReadonlyArray(bytes).map((piece) => piece.length).join(), "3")
      }).pipe(Effect.provide(
        on(
          FakeEngine.docker,
          "image save",
          "Error response from daemon: NotFound: lease \"232355637-3AWM\": not found\n",
          [],
          "tar"
        )
      )))

    it.live("a load is not retried if its archive can be read only once", () =>
      Effect.gen(function*() {
        const pieces = [new Uint8Array(1000)]
        const once = Stream.suspend(() => Stream.fromIterable(pieces.splice(0)))
        const error = yield* Effect.flip(loading(once))
        assertInclude(error.message, "lease does not exist")
      }))

    it.live("a build is not retried if a failed step prints the same message", () =>
      Effect.gen(function*() {
        const { args, error } = yield* builds(
          {},
          FakeEngine.stdout("Step 1/2 : FROM base\nStep 2/2 : RUN imitate\n"),
          FakeEngine.stderr(`${leaseLost}The command '/bin/sh -c imitate' returned a non-zero code: 1\n`),
          FakeEngine.exit(1)
        )
        strictEqual(args.length, 1)
        strictEqual(error._tag, "BuildFailed")
      }))

    it.live("a build whose registry cache is unusable is retried without it", () =>
      Effect.gen(function*() {
        const { args } = yield* builds(
          { cacheFrom: [image] },
          FakeEngine.stderr(
            "failed to restore cached image from \"sha256:0063ce\" to sha256:401902: failed to create cache image\n"
          ),
          FakeEngine.exit(1)
        )
        deepStrictEqual(args.map((args) => args.includes("--cache-from")), [true, false])
      }))
  })

  it.live("Podman fails to list images because one is removed meanwhile", () =>
    Effect.gen(function*() {
      deepStrictEqual(yield* Image.list(), [])
    }).pipe(
      Effect.provide(
        on(
          FakeEngine.podman,
          "image ls",
          `Error: locating item named "manifest" for image with ID "${"a".repeat(64)}": file does not exist\n`
        )
      )
    ))

  it.live("Podman fails to start a container because its mount is hidden", () =>
    Effect.gen(function*() {
      yield* Effect.flatMap(Backend.Backend, (backend) => backend.containers.start("app"))
    }).pipe(
      Effect.provide(
        on(
          FakeEngine.podman,
          "container start",
          "Error: mounting storage for container app: lstat /graph/merged: no such file or directory\n"
        )
      )
    ))

  describe("Podman fails to copy into a container because its mount is hidden", () => {
    const copying = (stream: Stream.Stream<Uint8Array>) =>
      Effect.flatMap(Backend.Backend, (backend) => backend.files.copyInto("app", "/", stream)).pipe(
        Effect.provide(
          on(
            FakeEngine.podman,
            "container cp",
            "Error: \"/\" could not be found on container app: no such file or directory\n",
            [FakeEngine.readStdin]
          )
        )
      )

    const bytes = new Uint8Array(10_000).fill(7)

    it.live("a copy is retried if its source can be read again", () => copying(Stream.make(bytes, bytes)))

    it.live("a retry fails if the source changed since the first attempt", () =>
      Effect.gen(function*() {
        for (const second of [[], [bytes.subarray(1)], [bytes]]) {
          let runs = 0
          const once = Stream.suspend(() => Stream.fromIterable(runs++ === 0 ? [bytes, bytes] : second))
          const error = yield* Effect.flip(copying(once))
          deepStrictEqual([error._tag, runs], ["PathNotFound", 2])
        }
      }))

    it.live("a copy is not retried if its source is too large to compare", () =>
      Effect.gen(function*() {
        let runs = 0
        const large = Stream.suspend(() => {
          runs++
          return Stream.make(new Uint8Array(2 ** 21))
        })
        const error = yield* Effect.flip(copying(large))
        deepStrictEqual([error._tag, runs], ["PathNotFound", 1])
      }))
  })

  it.live("Podman loses a layer of an image that it loads while another process removes images", () =>
    Effect.gen(function*() {
      const { references } = yield* Image.load(Stream.make(new Uint8Array(1000)))
      deepStrictEqual(references.map(String), ["localhost/app:1"])
    }).pipe(
      Effect.provide(
        EngineBackend.layerPodman.pipe(
          Layer.provide(FakeEngine.layer(FakeEngine.podman.pipe(
            FakeEngine.on("image load", [
              FakeEngine.readStdin,
              FakeEngine.stderr(
                "Error: payload does not match any of the supported image formats:\n" +
                  " * docker-archive: committing the finished image: creating image \"cd32aa48\": layer not known\n"
              ),
              FakeEngine.exit(125)
            ]),
            FakeEngine.on("image load", [FakeEngine.readStdin, FakeEngine.stdout("Loaded image: localhost/app:1\n")])
          ))),
          Layer.provide(NodeContext.layer)
        )
      )
    ))

  it.live.each([
    "reading image \"app\": locating image with ID \"app\": image not known",
    "locating item named \"manifest\" for image with ID \"9129\" (consider removing the image): file does not exist"
  ])("Podman loses an image between two steps of an inspection and prints %j", (message) =>
    Effect.gen(function*() {
      assertFalse(yield* Image.exists(Reference.make("localhost/app:1")))
      const asked = (yield* FakeEngine.calls).filter(({ arguments: args }) => args.includes("inspect"))
      strictEqual(asked.length, 2)
    }).pipe(
      Effect.provide(
        EngineBackend.layerPodman.pipe(
          Layer.provideMerge(FakeEngine.layer(FakeEngine.podman.pipe(
            FakeEngine.on("image inspect", [
              FakeEngine.stderr(`Error: ${message}\n`),
              FakeEngine.exit(125)
            ]),
            FakeEngine.on("image inspect", [FakeEngine.stdout("[]")])
          ))),
          Layer.provide(NodeContext.layer)
        )
      )
    ))

  it.live("Podman inspects a list of images of which one is removed meanwhile", () =>
    Effect.gen(function*() {
      deepStrictEqual(yield* Image.list(), [])
    }).pipe(
      Effect.provide(
        EngineBackend.layerPodman.pipe(
          Layer.provide(FakeEngine.layer(FakeEngine.podman.pipe(
            FakeEngine.on("image ls", [FakeEngine.stdout(`${"a".repeat(64)}\n${"b".repeat(64)}\n`)]),
            FakeEngine.on("image inspect", [
              FakeEngine.stderr("Error: inspecting object: it: image not known\n"),
              FakeEngine.exit(125)
            ])
          ))),
          Layer.provide(NodeContext.layer)
        )
      )
    ))
})
