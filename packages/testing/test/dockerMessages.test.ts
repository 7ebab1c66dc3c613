import { NodeContext } from "@effect/platform-node"
import { describe, it } from "@effect/vitest"
import { assertInclude, strictEqual } from "@effect/vitest/utils"
import { Backend, type BackendError, Container, EngineBackend, Exec, Image } from "@ociman/containers"
import { Reference } from "@ociman/oci"
import { FakeEngine } from "@ociman/testing"
import { Duration, Effect, Layer } from "effect"

const image = Reference.make("127.0.0.1:5000/app:1")

const start = Effect.flatMap(Backend.Backend, (backend) => backend.containers.start("app"))

const remove = Effect.flatMap(
  Backend.Backend,
  (backend) => backend.containers.remove("app", { force: false, grace: Duration.zero, volumes: false })
)

const pull = Image.pull(image)

const push = Image.push(image)

const resolving = "failed to resolve reference \"127.0.0.1:5000/app:1\": "

const endpoint =
  "failed to set up container networking: driver failed programming external connectivity on endpoint app (5ec4ec6b): "

const status = (status: string) =>
  `unknown: ${resolving}unexpected status from HEAD request to http://127.0.0.1:5000/v2/app/manifests/1: ${status}`

type Row = readonly [
  what: string,
  command: string,
  run: Effect.Effect<unknown, BackendError.BackendError, Backend.Backend>,
  text: string,
  expected: string
]

/** Messages of Docker 29.4 with the containerd image store. */
const rows: ReadonlyArray<Row> = [
  [
    "a port that a host process uses",
    "container start",
    start,
    `${endpoint}failed to bind host port 127.0.0.1:8099/tcp: address already in use`,
    "PortTaken"
  ],
  [
    "a port that a host process uses, in the words of Docker 28",
    "container start",
    start,
    `${endpoint}failed to bind host port for 127.0.0.1:8099:172.17.0.3:80/tcp: address already in use`,
    "PortTaken"
  ],
  [
    "a port that a container uses",
    "container start",
    start,
    `${endpoint}Bind for 127.0.0.1:8088 failed: port is already allocated`,
    "PortTaken"
  ],
  [
    "a running container",
    "container rm",
    remove,
    "cannot remove container \"app\": container is running: stop the container before removing or force remove",
    "EngineFailed Conflict"
  ],
  [
    "a paused container",
    "container rm",
    remove,
    "cannot remove container \"app\": container is paused and must be unpaused first",
    "EngineFailed Conflict"
  ],
  ["a missing image", "image pull", pull, `${resolving}127.0.0.1:5000/app:1: not found`, "ImageNotFound"],
  ["a missing image to push", "image push", push, "tag does not exist: 127.0.0.1:5000/app:1", "ImageNotFound"],
  [
    "missing credentials of a pull",
    "image pull",
    pull,
    `${resolving}pull access denied, repository does not exist or may require authorization: ` +
    "authorization failed: no basic auth credentials",
    "TransferFailed Unauthorized"
  ],
  [
    "missing credentials of a push",
    "image push",
    push,
    "push access denied, repository does not exist or may require authorization: " +
    "authorization failed: no basic auth credentials",
    "TransferFailed Unauthorized"
  ],
  [
    "a token that does not allow the pull",
    "image pull",
    pull,
    `${resolving}pull access denied, repository does not exist or may require authorization: ` +
    "server message: insufficient_scope: authorization failed",
    "TransferFailed Denied"
  ],
  ["a wrong password", "image pull", pull, status("401 Unauthorized"), "TransferFailed Unauthorized"],
  ["too many requests", "image pull", pull, status("429 Too Many Requests"), "TransferFailed TooManyRequests"],
  [
    "a rate limit",
    "image pull",
    pull,
    "error from registry: You have reached your unauthenticated pull rate limit.",
    "TransferFailed TooManyRequests"
  ],
  [
    "a refusal with a message of the registry",
    "image pull",
    pull,
    "error from registry: the registry's own words",
    "TransferFailed Denied"
  ],
  ["a broken registry", "image pull", pull, status("500 Internal Server Error"), "EngineFailed Refused"],
  [
    "an unreachable registry",
    "image pull",
    pull,
    `${resolving}failed to do request: Head "https://127.0.0.1:5000/v2/app/manifests/1": dial tcp 127.0.0.1:5000: ` +
    "connect: connection refused",
    "TransferFailed Unreachable"
  ]
]

describe("a failed command of Docker 29", () => {
  it.live.each(rows)("reports %s", ([, command, run, text, expected]) =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(run)
      strictEqual("reason" in error ? `${error._tag} ${String(error.reason)}` : error._tag, expected)
      if ("detail" in error) assertInclude(error.detail, text)
    }).pipe(Effect.provide(
      EngineBackend.layerDocker.pipe(
        Layer.provide(FakeEngine.layer(FakeEngine.on(FakeEngine.docker, command, [
          FakeEngine.stderr(`Error response from daemon: ${text}\n`),
          FakeEngine.exit(1)
        ]))),
        Layer.provide(NodeContext.layer)
      )
    )))

  it.live("reports a container that stopped while a command was about to start", () =>
    Effect.gen(function*() {
      const container = yield* Container.attach("fake")
      const reason = yield* container.exec(Exec.allowNonZeroExit(Exec.make("true"))).pipe(
        Effect.match({
          onFailure: (error) => error._tag === "ExecFailed" ? error.reason : error._tag,
          onSuccess: ({ exitCode }) => `exit code ${exitCode}`
        })
      )
      strictEqual(reason, "ContainerNotRunning")
    }).pipe(
      Effect.provide(EngineBackend.layerDocker.pipe(
        Layer.provide(FakeEngine.layer(FakeEngine.on(FakeEngine.docker, "container exec", [
          FakeEngine.stdout(`container ${"7".repeat(64)} is not running\n`),
          FakeEngine.stderr(`Error response from daemon: No such exec instance: ${"3".repeat(64)}\n`),
          FakeEngine.exit(1)
        ]))),
        Layer.provide(NodeContext.layer)
      ))
    ))
})
