import { describe, it } from "@effect/vitest"
import { deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Backend, Build, ContainerName, EngineBackend, Image, Label } from "@ociman/containers"
import { NodeHasher } from "@ociman/node"
import { Reference } from "@ociman/oci"
import { Effect, Layer, Redacted, Stream } from "effect"
import { answer, type Answers, complain, machine } from "./support/FakeClients.js"

const podman = (answers: Answers): Answers => ({
  info: answer({
    host: { security: { rootless: false }, serviceIsRemote: false },
    version: { Version: "5.4.2" }
  }),
  ...answers
})

/** Docker's client, connected to Podman. */
const docker = (answers: Answers): Answers => ({
  version: answer({
    Client: { Version: "28.2.2", ApiVersion: "1.41" },
    Server: {
      Version: "5.4.2",
      ApiVersion: "1.41",
      Components: [{ Name: "Podman Engine", Version: "5.4.2", Details: { APIVersion: "5.4.2" } }]
    }
  }),
  info: answer({ ServerVersion: "5.4.2" }),
  context: answer({ Name: "default", Endpoints: { docker: { Host: "unix:///run/podman.sock" } } }),
  ...answers
})

const id = "0ba6333d3c3bd50dfde7755b6158b36642d8b5f2f09aa9275ef3b3568402da35"

const build = Build.fromInstructions("FROM scratch\n").pipe(Build.tagged("localhost/app:1"))

/** Podman with failing commands on containers. */
const complaining = (text: string) =>
  EngineBackend.layerPodman.pipe(
    Layer.provide(machine({ clients: { podman: podman({ container: complain(text, 125) }) } }))
  )

describe("Podman 5", () => {
  it.live("fails with NameInUse for a rename to a name in use", () =>
    Effect.gen(function*() {
      const backend = yield* Backend.Backend
      const error = yield* Effect.flip(backend.containers.rename(id, ContainerName.make("taken")))
      strictEqual(error._tag, "NameInUse")
    }).pipe(Effect.provide(complaining(
      `Error: renaming container ${id}: updating container config table with new configuration for container ` +
        `${id}: UNIQUE constraint failed: ContainerConfig.Name`
    ))))

  it.live("fails with PortTaken if pasta cannot bind a port", () =>
    Effect.gen(function*() {
      const backend = yield* Backend.Backend
      const error = yield* Effect.flip(backend.containers.start("app"))
      strictEqual(error._tag, "PortTaken")
    }).pipe(Effect.provide(complaining(
      `Error: unable to start container "${id}": pasta failed with exit code 1:\n` +
        "Failed to bind port 8080 (Address already in use) for option '-t 127.0.0.1/8080-8080:80-80'"
    ))))

  it.live("prunes images one by one until none can be removed", () =>
    Effect.gen(function*() {
      // The first image is the base of the second one; the third one is tagged.
      const [base, top, named] = ["a", "b", "c"].map((digit) => digit.repeat(64))
      const info = (id: string | undefined) => ({
        Id: id,
        RepoTags: [],
        RepoDigests: [],
        Created: "2024-01-01T00:00:00Z",
        Os: "linux",
        Architecture: "amd64",
        Size: 1,
        Config: { Labels: { one: "1", two: "2" } }
      })
      const image = `case $2 in
ls) printf '%s\\n' ${base} ${top} ${named} ;;
inspect)
${answer([base, top, named].map(info))}
;;
prune)
[ $# -eq 5 ] || exit 64
case $5 in
id=${base}) [ -z "$(cat "$0.top" 2>/dev/null)" ] || echo ${base} ;;
id=${top}) [ -n "$(cat "$0.top" 2>/dev/null)" ] || { echo gone >"$0.top"; echo ${top}; } ;;
esac
;;
esac`
      const pruned = yield* Image.prune([Label.has("one"), Label.has("two")]).pipe(
        Effect.provide(EngineBackend.layerPodman),
        Effect.provide(machine({ clients: { podman: podman({ image }) } }))
      )
      deepStrictEqual(pruned.map(String), [`sha256:${top}`, `sha256:${base}`])
    }))

  it.live("prints no warning about cgroups in an error", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(Image.remove(Reference.make("localhost/app:1")))
      strictEqual(error._tag === "EngineFailed" ? error.detail : error._tag, "Error: something else")
    }).pipe(
      Effect.provide(EngineBackend.layerPodman),
      Effect.provide(machine({
        clients: {
          podman: podman({
            image:
              "[ -n \"$PODMAN_IGNORE_CGROUPSV1_WARNING\" ] || echo 'level=warning msg=\"Using cgroups-v1\"' >&2\n" +
              complain("Error: something else", 125)
          })
        }
      }))
    ))

  it.live("builds with the classic builder behind Docker's client", () =>
    Effect.gen(function*() {
      const events = yield* Stream.runCollect(Build.stream(build))
      deepStrictEqual(Array.from(events).flatMap((event) => event._tag === "OutputLine" ? [event.text] : []), [
        "BuildKit: 0"
      ])
    }).pipe(
      Effect.provide([EngineBackend.layerDocker, NodeHasher.layer]),
      Effect.provide(machine({
        clients: { docker: docker({ build: `echo "BuildKit: $DOCKER_BUILDKIT"; echo sha256:${id} >"$4"` }) }
      }))
    ))

  it.live("rejects build secrets behind Docker's client", () =>
    Effect.gen(function*() {
      const error = yield* Build.secret(build, "token", Redacted.make("hunter2")).pipe(
        Build.build,
        Effect.flip
      )
      deepStrictEqual(
        error._tag === "EngineFailed" ? [error.reason, error.detail] : error._tag,
        [
          "InvalidDefinition",
          "Podman behind Docker's client does not support build secrets: build with the client podman."
        ]
      )
    }).pipe(
      Effect.provide([EngineBackend.layerDocker, NodeHasher.layer]),
      Effect.provide(machine({ clients: { docker: docker({}) } }))
    ))
})
