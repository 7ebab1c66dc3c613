import { assert, describe, it } from "@effect/vitest"
import { assertNone, assertSome, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Backend, Container, ContainerName, Definition, Label, Port } from "@ociman/containers"
import { DateTime, Effect, Fiber, TestClock } from "effect"
import { create, onMemory, status } from "./support/memory.js"

const web = Definition.make("web")

describe("the state of a memory container", () => {
  it.effect("follows the container from its creation to its removal", () =>
    Effect.gen(function*() {
      const backend = yield* Backend.Backend
      const container = yield* create(web)
      const seen = [yield* status(container)]
      for (
        const step of [
          backend.containers.start(container.id),
          container.pause,
          container.unpause,
          container.stop(),
          container.restart()
        ]
      ) {
        yield* step
        seen.push(yield* status(container))
      }
      deepStrictEqual(seen, ["created", "running", "paused", "running", "exited", "running"])
      yield* container.remove({ force: true })
      const gone = yield* Effect.flip(container.state)
      strictEqual(gone._tag, "ContainerNotFound")
    }).pipe(onMemory()))

  const enter = {
    created: () => Effect.void,
    running: (container: Container.Container) => container.restart(),
    paused: (container: Container.Container) => Effect.zipRight(container.restart(), container.pause),
    exited: (container: Container.Container) => Effect.zipRight(container.restart(), container.stop())
  }

  const operations = {
    start: ({ id }: Container.Container) => Effect.flatMap(Backend.Backend, (backend) => backend.containers.start(id)),
    pause: (container: Container.Container) => container.pause,
    unpause: (container: Container.Container) => container.unpause,
    kill: (container: Container.Container) => container.kill(),
    stop: (container: Container.Container) => container.stop(),
    restart: (container: Container.Container) => container.restart(),
    remove: (container: Container.Container) => container.remove()
  }

  it.effect.each(
    [
      { state: "created", forbidden: ["pause", "unpause", "kill"] },
      { state: "running", forbidden: ["unpause", "remove"] },
      { state: "paused", forbidden: ["start", "pause", "remove"] },
      { state: "exited", forbidden: ["pause", "unpause", "kill"] }
    ] as const
  )("rejects $forbidden if it is $state", ({ forbidden, state }) =>
    Effect.gen(function*() {
      const refused: Array<string> = []
      for (const [name, operation] of Object.entries(operations)) {
        const container = yield* create(web, name)
        yield* enter[state](container)
        const outcome = yield* Effect.either(operation(container))
        if (outcome._tag === "Right") continue
        strictEqual(outcome.left._tag, "EngineFailed")
        strictEqual(outcome.left._tag === "EngineFailed" && outcome.left.reason, "Conflict")
        strictEqual(yield* status(container), state)
        refused.push(name)
      }
      deepStrictEqual(refused, [...forbidden])
    }).pipe(onMemory()))

  it.effect("is not changed by a stop if the container does not run", () =>
    Effect.gen(function*() {
      const container = yield* create(web)
      yield* container.stop()
      strictEqual(yield* status(container), "created")
      strictEqual(yield* container.wait, 0)
      yield* container.restart()
      yield* container.kill()
      yield* container.stop()
      strictEqual(yield* container.wait, 137)
    }).pipe(onMemory()))

  it.effect("has the times of its changes", () =>
    Effect.gen(function*() {
      const at = (seconds: number) => DateTime.unsafeMake(seconds * 1000)
      const container = yield* create(web)
      yield* TestClock.adjust("1 second")
      yield* container.restart()
      assertNone((yield* container.state).finishedAt)
      yield* TestClock.adjust("1 second")
      yield* container.stop()
      const { created, state } = yield* container.inspect
      assertSome(created, at(0))
      assertSome(state.startedAt, at(1))
      assertSome(state.finishedAt, at(2))
    }).pipe(onMemory()))
})

describe("a signal to a memory container", () => {
  it.effect.each(
    [
      ["SIGKILL", 137],
      ["TERM", 143],
      ["sigint", 130],
      ["10", 138],
      ["SIGRTMIN+3", 165]
    ] as const
  )("ends the process if it is %s, with exit code %i", ([signal, exitCode]) =>
    Effect.gen(function*() {
      const container = yield* Container.start(web)
      yield* container.kill(signal)
      strictEqual(yield* container.wait, exitCode)
    }).pipe(onMemory()))

  it.effect.each(["SIGCHLD", "SIGCONT", "SIGURG", "SIGWINCH"])(
    "does not end the process if it is %s",
    (signal) =>
      Effect.gen(function*() {
        const container = yield* Container.start(web)
        yield* container.kill(signal)
        strictEqual(yield* status(container), "running")
      }).pipe(onMemory())
  )

  it.effect.each(["NOSUCH", "0", "65", ""])("is rejected if it is %j", (signal) =>
    Effect.gen(function*() {
      const container = yield* Container.start(web)
      const error = yield* Effect.flip(container.kill(signal))
      strictEqual(error._tag === "EngineFailed" && error.reason, "Refused")
    }).pipe(onMemory()))

  it.effect("stops the process if it is the stop signal of the definition", () =>
    Effect.gen(function*() {
      const usual = yield* Container.start(web)
      const own = yield* Container.start(web.pipe(Definition.stopSignal("SIGQUIT")))
      yield* usual.stop()
      yield* own.stop()
      deepStrictEqual([yield* usual.wait, yield* own.wait], [143, 131])
    }).pipe(onMemory()))

  it.effect("is delayed while the container is paused, unless it is SIGKILL", () =>
    Effect.gen(function*() {
      const container = yield* Container.start(web)
      yield* container.pause
      yield* container.kill("SIGTERM")
      strictEqual(yield* status(container), "paused")
      yield* container.unpause
      strictEqual(yield* status(container), "exited")
      strictEqual(yield* container.wait, 143)

      for (const end of [container.kill("SIGKILL"), container.stop()]) {
        yield* container.restart()
        yield* container.pause
        yield* end
        strictEqual(yield* container.wait, 137)
      }
    }).pipe(onMemory()))

  it.effect("completes a wait for the container, also during a restart", () =>
    Effect.gen(function*() {
      const container = yield* Container.start(web)
      const waiting = yield* Effect.fork(container.wait)
      yield* Effect.yieldNow()
      yield* container.restart()
      strictEqual(yield* Fiber.join(waiting), 143)
      strictEqual(yield* status(container), "running")
    }).pipe(onMemory()))

  it.effect("does not block an interrupted wait", () =>
    Effect.gen(function*() {
      const container = yield* Container.start(web)
      const waiting = yield* Effect.fork(Effect.timeoutOption(container.wait, "1 second"))
      yield* TestClock.adjust("1 second")
      assertNone(yield* Fiber.join(waiting))
    }).pipe(onMemory()))
})

describe("the name of a memory container", () => {
  it.effect("is unique", () =>
    Effect.gen(function*() {
      const taken = ContainerName.make("taken")
      yield* create(web, "taken")
      strictEqual((yield* Effect.flip(create(web, "taken")))._tag, "NameInUse")
      const other = yield* create(web, "other")
      strictEqual((yield* Effect.flip(other.rename(taken)))._tag, "NameInUse")
      strictEqual(yield* other.name, "other")
    }).pipe(onMemory()))

  it.effect("is free again after a removal or a rename", () =>
    Effect.gen(function*() {
      const first = yield* create(web, "first")
      yield* first.rename(ContainerName.make("second"))
      strictEqual((yield* Effect.flip(first.rename(ContainerName.make("second"))))._tag, "EngineFailed")
      yield* create(web, "first")
      strictEqual((yield* Container.attach("second")).id, first.id)
      yield* first.remove()
      yield* create(web, "second")
    }).pipe(onMemory()))

  it.effect("finds the container, like its id and a prefix of its id", () =>
    Effect.gen(function*() {
      const { id } = yield* create(web, "one")
      const other = yield* create(web, "two")
      strictEqual(/^[0-9a-f]{64}$/.test(id), true)
      for (const key of ["one", id, id.slice(0, 12)]) strictEqual((yield* Container.attach(key)).id, id)
      strictEqual(other.id === id, false)
      const error = yield* Effect.flip(Container.attach("three"))
      strictEqual(error._tag === "ContainerNotFound" && error.container, "three")
    }).pipe(onMemory()))
})

describe("the removal of a memory container", () => {
  it.effect("happens when the process ends if autoRemove is set", () =>
    Effect.gen(function*() {
      const container = yield* Container.start(web.pipe(Definition.autoRemove))
      yield* container.restart()
      strictEqual(yield* status(container), "running")
      const waiting = yield* Effect.fork(container.wait)
      yield* Effect.yieldNow()
      yield* container.kill()
      strictEqual(yield* Fiber.join(waiting), 137)
      strictEqual((yield* Effect.flip(container.state))._tag, "ContainerNotFound")
    }).pipe(onMemory()))

  it.effect("by force ends the process, with the stop signal if there is a grace period", () =>
    Effect.gen(function*() {
      for (const [options, exitCode] of [[{ force: true }, 137], [{ force: true, grace: "1 second" }, 143]] as const) {
        const container = yield* Container.launch(web)
        const waiting = yield* Effect.fork(container.wait)
        yield* Effect.yieldNow()
        yield* container.remove(options)
        strictEqual(yield* Fiber.join(waiting), exitCode)
      }
      deepStrictEqual(yield* Container.list(), [])
    }).pipe(onMemory()))

  it.effect("fails for a missing container, except by force", () =>
    Effect.gen(function*() {
      const container = yield* Container.launch(web)
      yield* container.remove({ force: true })
      yield* container.remove({ force: true })
      strictEqual((yield* Effect.flip(container.remove()))._tag, "ContainerNotFound")
    }).pipe(onMemory()))
})

describe("the labels of a memory container", () => {
  const images = [{ image: "labelled", labels: { role: "image", only: "image" } }]
  const labelled = Definition.make("labelled").pipe(Definition.label("role", "definition"))

  it.effect("merge those of the image and of the definition, which takes precedence", () =>
    Effect.gen(function*() {
      const container = yield* Container.start(labelled)
      deepStrictEqual(yield* container.labels, { role: "definition", only: "image" })
    }).pipe(onMemory({ images })))

  it.effect("select containers in a list, newest first", () =>
    Effect.gen(function*() {
      yield* create(labelled, "a1")
      yield* create(labelled.pipe(Definition.label("role", "other")), "b1")
      yield* create(web, "c1")
      const list = (...filters: ReadonlyArray<Label.Filter>) =>
        Effect.map(Container.list(...filters), (found) => found.map(({ name }) => name))
      deepStrictEqual(yield* list(), ["c1", "b1", "a1"])
      deepStrictEqual(yield* list(Label.has("role")), ["b1", "a1"])
      deepStrictEqual(yield* list(Label.equals("role", "other")), ["b1"])
      deepStrictEqual(yield* list(Label.equals("role", "other"), Label.equals("only", "else")), [])
      deepStrictEqual(yield* list(Label.has("toString")), [])
    }).pipe(onMemory({ images })))
})

describe("the ports of a memory container", () => {
  const publishing = (...ports: ReadonlyArray<Port.Port>) => Definition.publish(web, ...ports)

  it.effect("get unique host ports, others after a restart, and none after a stop", () =>
    Effect.gen(function*() {
      const one = yield* Container.start(publishing(Port.tcp(80), Port.udp(53)))
      const two = yield* Container.start(publishing(Port.tcp(80)))
      const addresses = [yield* one.address(80), yield* one.address(53, "udp"), yield* two.address(80)]
      strictEqual(new Set(addresses.map(({ port }) => port)).size, 3)
      strictEqual(addresses.every(({ host }) => host === "127.0.0.1"), true)
      yield* two.restart()
      strictEqual(addresses.some(({ port }) => port === addresses[2]?.port), true)
      strictEqual((yield* two.address(80)).port === addresses[2]?.port, false)
      yield* two.stop()
      const error = yield* Effect.flip(two.address(80))
      strictEqual(error._tag === "PortNotPublished" && error.state, "exited")
    }).pipe(onMemory()))

  it.effect("are taken while the container runs or is paused", () =>
    Effect.gen(function*() {
      const fixed = publishing(Port.tcp(80, { hostPort: 8080 }))
      const first = yield* Container.start(fixed)
      const second = yield* create(fixed, "second")
      for (const during of [Effect.void, first.pause]) {
        yield* during
        const error = yield* Effect.flip(second.restart())
        strictEqual(error._tag, "PortTaken")
        strictEqual(error.message.includes("127.0.0.1:8080"), true)
        strictEqual(yield* status(second), "created")
      }
      yield* first.stop()
      yield* second.restart()
      deepStrictEqual(yield* second.address(80), { host: "127.0.0.1", port: 8080 })
    }).pipe(onMemory()))

  it.effect.each([
    { other: Port.tcp(81, { hostPort: 8080 }), taken: true },
    { other: Port.tcp(80, { hostPort: 8080, hostIp: "0.0.0.0" }), taken: true },
    { other: Port.tcp(80, { hostPort: 8080, hostIp: "127.0.0.2" }), taken: false },
    { other: Port.udp(80, { hostPort: 8080 }), taken: false },
    { other: Port.tcp(80, { hostPort: 8081 }), taken: false },
    { other: Port.tcp(80, { hostPort: { first: 8080, last: 8081 } }), taken: false }
  ])(
    "8080 and $other.hostIp $other.protocol $other.hostPort collide: $taken",
    ({ other, taken }) =>
      Effect.gen(function*() {
        yield* Container.start(publishing(Port.tcp(80, { hostPort: 8080 })))
        const outcome = yield* Effect.either(Container.start(publishing(other)))
        strictEqual(outcome._tag === "Left" && outcome.left._tag === "PortTaken", taken)
      }).pipe(onMemory())
  )

  it.effect("collide within one container too", () =>
    Effect.gen(function*() {
      const ports = [80, 81].map((port) => Port.tcp(port, { hostPort: 8080 }))
      strictEqual((yield* Effect.flip(Container.launch(publishing(...ports))))._tag, "PortTaken")
      deepStrictEqual(yield* Container.list(), [])
    }).pipe(onMemory()))

  it.effect("are not published if the container has no network of its own", () =>
    Effect.gen(function*() {
      const own = yield* Container.start(publishing(Port.tcp(80)))
      const host = yield* Container.start(publishing(Port.tcp(80)).pipe(Definition.network("host")))
      deepStrictEqual(Object.keys((yield* own.inspect).addresses), ["bridge"])
      deepStrictEqual((yield* host.inspect).addresses, {})
      deepStrictEqual((yield* host.inspect).ports, [])
    }).pipe(onMemory()))
})

it.effect("the memory engine inspects a container in Docker's format", () =>
  Effect.gen(function*() {
    const definition = web.pipe(
      Definition.command("serve", "--all"),
      Definition.env("A", "1"),
      Definition.publish(Port.tcp(80, { hostPort: 8080 }))
    )
    const container = yield* Container.start(definition)
    const { raw } = yield* container.inspect
    assert.deepNestedInclude(raw, {
      Id: container.id,
      "Config.Env": ["A=1"],
      "Config.Cmd": ["serve", "--all"],
      "State.Status": "running",
      "NetworkSettings.Ports": { "80/tcp": [{ HostIp: "127.0.0.1", HostPort: "8080" }] }
    })
  }).pipe(onMemory()))
