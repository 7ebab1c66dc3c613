import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import { assert } from "@effect/vitest"
import * as Backend from "@ociman/containers/Backend"
import * as Container from "@ociman/containers/Container"
import * as ContainerName from "@ociman/containers/ContainerName"
import * as Definition from "@ociman/containers/Definition"
import * as Device from "@ociman/containers/Device"
import * as Exec from "@ociman/containers/Exec"
import * as Mount from "@ociman/containers/Mount"
import * as Ulimit from "@ociman/containers/Ulimit"
import * as Volume from "@ociman/containers/Volume"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as raw from "./raw.js"
import { assertGone, type Suite } from "./support.js"

const helpers = () => {
  const output = (definition: Definition.Definition) => Effect.map(Container.run(definition), ({ stdout }) => stdout)

  return { output }
}

const mounts = ({ idle, script, test, uniqueName }: Suite): void => {
  const { output } = helpers()

  test(
    "a tmpfs mount has its size and mode",
    Effect.gen(function*() {
      const definition = script("stat -c %a /scratch; df -k /scratch | tail -n 1; echo x >/scratch/x && cat /scratch/x")
      const stdout = yield* output(
        Definition.mount(definition, Mount.tmpfs({ target: "/scratch", size: "2m", mode: 0o1770 }))
      )
      assert.match(stdout, /^1770\ntmpfs\s+2048\s.*\/scratch\nx\n$/)
    })
  )

  test(
    "a bind mount works with commas and spaces in its paths",
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const path = yield* Path.Path
      const source = path.join(yield* fs.makeTempDirectoryScoped({ prefix: "ociman-test-bind-" }), "a, b \"c\"")
      yield* fs.makeDirectory(source)
      yield* fs.writeFileString(path.join(source, "file"), "from the host\n")
      const writable = Definition.mount(
        script("cat '/mnt/d, e/file'; echo from inside >'/mnt/d, e/answer'"),
        Mount.bind({ source, target: "/mnt/d, e" })
      )
      assert.strictEqual(yield* output(writable), "from the host\n")
      assert.strictEqual(yield* fs.readFileString(path.join(source, "answer")), "from inside\n")
      const readOnly = Definition.mount(
        script("cat /mnt/file; touch /mnt/other 2>/dev/null || echo refused"),
        Mount.bind({ source, target: "/mnt", readOnly: true })
      )
      assert.strictEqual(yield* output(readOnly), "from the host\nrefused\n")
    })
  )

  test(
    "a bind mount of a missing directory fails the start and leaves no container",
    Effect.gen(function*() {
      const name = yield* uniqueName
      const definition = idle.pipe(
        Definition.mount(Mount.bind({ source: `/no/such/directory/${name}`, target: "/mnt" })),
        Definition.name(name)
      )
      const error = yield* Effect.flip(Effect.scoped(Container.start(definition)))
      assert.include(["EngineFailed", "StartFailed"], error._tag)
      assert.include(error.message, name)
      assert.notInclude(error.message, "CommandNotFound")
      yield* assertGone(name)
    })
  )

  test(
    "a named volume keeps its files for the next container",
    Effect.gen(function*() {
      const backend = yield* Backend.Backend
      const source = yield* uniqueName
      yield* Effect.addFinalizer(() => Effect.ignoreLogged(backend.volumes.remove(source, { force: true })))
      const volume = Mount.volume({ source, target: "/data" })
      yield* Container.run(Definition.mount(script("echo kept >/data/file"), volume))
      const readOnly = Mount.volume({ source, target: "/data", readOnly: true })
      const stdout = yield* output(
        Definition.mount(script("cat /data/file; touch /data/x 2>/dev/null || echo refused"), readOnly)
      )
      assert.strictEqual(stdout, "kept\nrefused\n")
      assert.strictEqual((yield* Volume.attach(source)).name, source)
    })
  )

  test(
    "a read-only root file system refuses writes",
    Effect.gen(function*() {
      const definition = Definition.readOnlyRoot(script("touch /x 2>/dev/null || echo refused"))
      assert.strictEqual(yield* output(definition), "refused\n")
    })
  )
}

const privilegesAndDevices = ({ idle, script, test, uniqueName }: Suite): void => {
  const { output } = helpers()

  test(
    "a container has the capabilities that its definition adds and drops",
    Effect.gen(function*() {
      const definition = script("grep CapEff /proc/self/status").pipe(
        Definition.dropCapability("ALL"),
        Definition.addCapability("NET_ADMIN", "CHOWN")
      )
      assert.match(yield* output(definition), /^CapEff:\s+0{12}1001\n$/)
    })
  )

  test(
    "a security option of a definition takes effect",
    Effect.gen(function*() {
      const definition = Definition.securityOption(script("grep NoNewPrivs /proc/self/status"), "no-new-privileges")
      assert.match(yield* output(definition), /1\n$/)
    })
  )

  // Only creates the container: a machine may not allow privileged containers to start.
  test(
    "a privileged definition creates a privileged container",
    Effect.gen(function*() {
      const backend = yield* Backend.Backend
      const name = ContainerName.make(yield* uniqueName)
      yield* Effect.addFinalizer(() =>
        Effect.ignoreLogged(backend.containers.remove(name, { force: true, volumes: true, grace: Duration.zero }))
      )
      yield* backend.containers.create(Definition.privileged(idle), name)
      const info = yield* backend.containers.inspect(name)
      assert.strictEqual(info.state.status, "created")
      assert.strictEqual(raw.container(info).HostConfig.Privileged, true)
    })
  )

  test(
    "a device of the host is present in the container",
    Effect.gen(function*() {
      const device = Device.make("/dev/null", { container: "/dev/nowhere" })
      const definition = Definition.device(
        script("echo gone >/dev/nowhere && test -c /dev/nowhere && echo yes"),
        device
      )
      assert.strictEqual(yield* output(definition), "yes\n")
    })
  )
}

const resourceLimits = ({ idle, options, script, test }: Suite): void => {
  const { output } = helpers()

  test(
    "process limits of a definition take effect",
    Effect.gen(function*() {
      // Podman raises every omitted limit to the maximum, which a machine may not allow.
      const limits = [Ulimit.make("nofile", 100, 200), Ulimit.make("nproc", 1000, 1000)]
      const definition = Definition.ulimit(script("ulimit -Sn; ulimit -Hn"), ...limits)
      assert.strictEqual(yield* output(definition), "100\n200\n")
    })
  )

  test(
    "memory and processor limits take effect where the engine supports them",
    Effect.gen(function*() {
      const container = yield* Container.start(idle.pipe(Definition.memory("64m"), Definition.cpus(0.5)))
      const { Memory, NanoCpus } = raw.container(yield* container.inspect).HostConfig
      assert.deepStrictEqual([Memory, NanoCpus], options.resources ? [64 * 1024 * 1024, 500_000_000] : [0, 0])
    })
  )

  test(
    "shared memory of a container has the size of its definition",
    Effect.gen(function*() {
      const definition = Definition.sharedMemory(script("df -k /dev/shm | tail -n 1"), "8m")
      assert.match(yield* output(definition), /\s8192\s/)
    })
  )
}

const networkSettings = ({ idle, script, test }: Suite): void => {
  const { output } = helpers()

  test(
    "a container uses the extra hosts and name servers of its definition",
    Effect.gen(function*() {
      const definition = script("grep database /etc/hosts; cat /etc/resolv.conf").pipe(
        Definition.extraHost("database", "10.1.2.3"),
        Definition.dns("192.0.2.53")
      )
      assert.match(yield* output(definition), /^10\.1\.2\.3\s+database\n[^]*nameserver 192\.0\.2\.53\n/)
    })
  )

  test(
    "a container joins no network or the network of another container",
    Effect.gen(function*() {
      const interfaces = script("ls /sys/class/net")
      assert.strictEqual(yield* output(Definition.network(interfaces, "none")), "lo\n")
      const first = yield* Container.start(idle)
      const second = yield* Container.start(Definition.network(idle, `container:${first.id}`))
      const look = Exec.make("readlink", "/proc/self/ns/net")
      assert.strictEqual((yield* second.exec(look)).stdout, (yield* first.exec(look)).stdout)
    })
  )
}

/** @internal */
export const themes = [
  { name: "mounts", tests: mounts },
  { name: "privileges and devices", tests: privilegesAndDevices },
  { name: "resource limits", tests: resourceLimits },
  { name: "network settings", tests: networkSettings }
] as const
