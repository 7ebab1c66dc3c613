import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { describe, it } from "@effect/vitest"
import { assertFalse, assertNone, assertSome, assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Session } from "@ociman/containers"
import { Effect, Exit, Option, Random, Scope } from "effect"
import * as fileLock from "../src/internal/host/fileLock.js"
import * as processIdentity from "../src/internal/host/processIdentity.js"

const options = Effect.all({ fileSystem: FileSystem.FileSystem, identity: processIdentity.make })

const lockPath = Effect.flatMap(
  FileSystem.FileSystem,
  (fs) => Effect.map(fs.makeTempDirectoryScoped({ prefix: "ociman-lock-" }), (directory) => `${directory}/lock`)
)

const filesBeside = (path: string) =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => fs.readDirectory(path.slice(0, path.lastIndexOf("/"))))

/** Reports whether a lock is not acquired within a time that suffices for a free one. */
const isTaken = (path: string) =>
  Effect.gen(function*() {
    const taken = fileLock.hold(yield* options, path).pipe(Effect.scoped, Effect.timeoutOption("500 millis"))
    return Option.isNone(yield* taken)
  })

const minutesAgo = (minutes: number) => Date.now() / 1000 - minutes * 60

const process = (pid: number) => new Session.Process({ host: "here", pid, started: "1" })

const lockOf = (holder: Session.Process, nonce = "0".repeat(24)) => JSON.stringify({ process: { ...holder }, nonce })

describe("a file lock", () => {
  it.scopedLive("is released by an uninterruptible holder", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const path = yield* lockPath
      yield* Effect.zipRight(fileLock.hold(yield* options, path), Effect.map(fs.exists(path), assertTrue)).pipe(
        Effect.scoped,
        Effect.uninterruptible
      )
      assertFalse(yield* fs.exists(path))
    }).pipe(Effect.provide(NodeContext.layer)), 10_000)

  it.scopedLive("of a dead process is taken over", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const path = yield* lockPath
      const { identity } = yield* options
      const current = yield* identity.current
      yield* fs.writeFileString(path, lockOf(new Session.Process({ ...current, started: "1" })))
      assertFalse(yield* isTaken(path))
      deepStrictEqual(yield* filesBeside(path), [])
      yield* fs.writeFileString(path, lockOf(current))
      assertTrue(yield* isTaken(path))
    }).pipe(Effect.provide(NodeContext.layer)), 10_000)

  it.scopedLive(
    "of a dead process is removed by only one of several slow waiters",
    () =>
      Effect.gen(function*() {
        const { fileSystem, identity } = yield* options
        const path = yield* lockPath
        let removals = 0
        // The second removal takes place when the first process already holds the lock.
        const slow = FileSystem.make({
          ...fileSystem,
          remove: (file, options) =>
            fileSystem.remove(file, options).pipe(Effect.delay(file === path ? 50 + 150 * removals++ : 0))
        })
        const current = yield* identity.current
        yield* fileSystem.writeFileString(path, lockOf(new Session.Process({ ...current, started: "1" })))
        let holders = 0
        const contend = Effect.gen(function*() {
          yield* fileLock.hold({ fileSystem: slow, identity }, path)
          strictEqual(++holders, 1)
          yield* Effect.sleep("400 millis")
          assertTrue(yield* fileSystem.exists(path))
          holders--
        }).pipe(Effect.scoped)
        yield* Effect.all([contend, contend], { concurrency: "unbounded" })
      }).pipe(Effect.provide(NodeContext.layer)),
    10_000
  )

  it.scopedLive("with a path in its nonce does not remove another file", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const path = yield* lockPath
      const { identity } = yield* options
      const current = yield* identity.current
      yield* fs.makeDirectory(`${path}.`)
      yield* fs.writeFileString(`${path}.victim`, "kept")
      const dead = new Session.Process({ ...current, started: "1" })
      for (const nonce of ["victim", "/../lock.victim", "0".repeat(23), `${"0".repeat(24)}\n`, "A".repeat(24)]) {
        yield* fs.writeFileString(path, lockOf(dead, nonce))
        assertTrue(yield* isTaken(path))
      }
      strictEqual(yield* fs.readFileString(`${path}.victim`), "kept")
    }).pipe(Effect.provide(NodeContext.layer)), 20_000)

  it.scopedLive(
    "of a running process is taken over if it is not touched for several minutes",
    () =>
      Effect.gen(function*() {
        const fs = yield* FileSystem.FileSystem
        const path = yield* lockPath
        const { identity } = yield* options
        const { host } = yield* identity.current
        const stat = yield* fs.readFileString("/proc/1/stat")
        const init = new Session.Process({
          host,
          pid: 1,
          started: stat.slice(stat.lastIndexOf(")")).split(" ")[20] ?? ""
        })
        strictEqual(yield* identity.isAlive(init), "Alive")
        yield* fs.writeFileString(path, lockOf(init))
        yield* fs.utimes(path, minutesAgo(4), minutesAgo(4))
        assertTrue(yield* isTaken(path))
        yield* fs.utimes(path, minutesAgo(6), minutesAgo(6))
        yield* fileLock.hold(yield* options, path).pipe(Effect.scoped, Effect.timeout("30 seconds"))
        deepStrictEqual(yield* filesBeside(path), [])
      }).pipe(Effect.provide(NodeContext.layer)),
    60_000
  )

  const foreignLocks = {
    "that is empty": "",
    "that is written in part": lockOf(process(1)).slice(0, -20),
    "that has another format": "{\"process\":1}",
    "of a process on another machine": lockOf(process(1))
  }
  for (const [name, content] of Object.entries(foreignLocks)) {
    it.scopedLive(`${name} is taken over if it is not touched for several minutes`, () =>
      Effect.gen(function*() {
        const fs = yield* FileSystem.FileSystem
        const path = yield* lockPath
        yield* fs.writeFileString(path, content)
        assertTrue(yield* isTaken(path))
        yield* fs.utimes(path, minutesAgo(4), minutesAgo(4))
        assertTrue(yield* isTaken(path))
        strictEqual(yield* fs.readFileString(path), content)
        yield* fs.utimes(path, minutesAgo(6), minutesAgo(6))
        assertFalse(yield* isTaken(path))
        deepStrictEqual(yield* filesBeside(path), [])
      }).pipe(Effect.provide(NodeContext.layer)), 10_000)
  }

  it.scopedLive("leaves no files of waiters that gave up", () =>
    Effect.gen(function*() {
      const path = yield* lockPath
      yield* Effect.gen(function*() {
        yield* fileLock.hold(yield* options, path)
        const gaveUp = yield* fileLock.hold(yield* options, path).pipe(
          Effect.scoped,
          Effect.timeoutOption("50 millis"),
          Effect.replicateEffect(20, { concurrency: "unbounded" })
        )
        for (const nothing of gaveUp) assertNone(nothing)
        deepStrictEqual(yield* filesBeside(path), ["lock"])
      }).pipe(Effect.scoped)
      deepStrictEqual(yield* filesBeside(path), [])
    }).pipe(Effect.provide(NodeContext.layer)), 10_000)

  it.scopedLive("has one holder at a time, even if some holders die", () =>
    Effect.gen(function*() {
      const { fileSystem } = yield* options
      const path = yield* lockPath
      const dead = new Set<number>()
      const corpses: Array<Scope.CloseableScope> = []
      const identityOf = (pid: number): processIdentity.ProcessIdentity => ({
        current: Option.some(process(pid)),
        isAlive: ({ pid }) => Effect.sync(() => dead.has(pid) ? "Dead" : "Alive")
      })
      let holders: ReadonlyArray<number> = []
      let most = 0
      const enter = (pid: number) =>
        Effect.sync(() => {
          holders = [...holders.filter((other) => !dead.has(other)), pid]
          most = Math.max(most, holders.length)
        })
      const leave = (pid: number) => Effect.sync(() => holders = holders.filter((other) => other !== pid))
      const pause = Effect.flatMap(Random.nextIntBetween(0, 5), (millis) => Effect.sleep(millis))

      const contend = (pid: number) =>
        Effect.gen(function*() {
          const scope = yield* Scope.make()
          yield* fileLock.hold({ fileSystem, identity: identityOf(pid) }, path).pipe(Scope.extend(scope))
          yield* enter(pid)
          yield* pause
          if (pid % 3 === 0) {
            dead.add(pid)
            corpses.push(scope)
          } else {
            yield* leave(pid)
            yield* Scope.close(scope, Exit.void)
          }
        })

      const pids = Array.from({ length: 24 }, (_, index) => index + 1)
      yield* Effect.forEach(pids, contend, { concurrency: "unbounded" })
      strictEqual(most, 1)
      strictEqual(corpses.length, 8)

      // A process that was considered dead must not release the lock of its successor.
      yield* Effect.scoped(Effect.gen(function*() {
        yield* fileLock.hold({ fileSystem, identity: identityOf(100) }, path)
        yield* Effect.forEach(corpses, (scope) => Scope.close(scope, Exit.void))
        const text = yield* fileSystem.readFileString(path)
        assertSome(Option.fromNullable(/"pid":(\d+)/.exec(text)?.[1]), "100")
      }))
      deepStrictEqual(yield* filesBeside(path), [])
    }).pipe(Effect.provide(NodeContext.layer)), 30_000)
})
