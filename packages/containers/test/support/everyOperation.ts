import { Command } from "@effect/platform"
import {
  type Backend,
  type BackendDriver,
  ContainerName,
  Definition,
  Exec,
  HostName,
  Label,
  NetworkInfo,
  VolumeInfo
} from "@ociman/containers"
import { Reference } from "@ociman/oci"
import { Duration, Effect, Option, Schema, Stream } from "effect"

const id = "0".repeat(64)

const web = Definition.make("web")

/** Volume of the fake engine. */
const volume = Schema.decodeSync(VolumeInfo.Name)("fake")

type Themes = Omit<BackendDriver.BackendDriver, "engine">

type Operation = { readonly [Theme in keyof Themes]: `${Theme}.${keyof Themes[Theme] & string}` }[keyof Themes]

/** Every operation of a driver, run to its end. */
export const everyOperation = (backend: Backend.Service) => {
  const name = ContainerName.make("web")
  const image = Reference.make("web")
  return {
    "containers.create": backend.containers.create(web, name),
    "containers.start": backend.containers.start(id),
    "containers.startAttached": Stream.runDrain(backend.containers.startAttached(id, Option.none())),
    "containers.stop": backend.containers.stop(id, Option.none()),
    "containers.kill": backend.containers.kill(id, "SIGKILL"),
    "containers.restart": backend.containers.restart(id, Option.none()),
    "containers.pause": backend.containers.pause(id),
    "containers.unpause": backend.containers.unpause(id),
    "containers.rename": backend.containers.rename(id, name),
    "containers.remove": backend.containers.remove(id, { force: true, volumes: true, grace: Duration.zero }),
    "containers.wait": backend.containers.wait(id),
    "containers.inspect": backend.containers.inspect(id),
    "containers.list": backend.containers.list([Label.has("role")]),
    "containers.logs": Stream.runDrain(backend.containers.logs(id, {})),
    "exec.run": Stream.runDrain(backend.exec.run(id, Exec.make("true"))),
    "exec.executor": Effect.scoped(Effect.flatMap(
      backend.exec.executor(id).start(Command.make("true")),
      ({ exitCode, stderr, stdout }) => Effect.zipRight(Stream.runDrain(Stream.merge(stdout, stderr)), exitCode)
    )),
    "containers.commit": backend.containers.commit(id, image, {}),
    "files.copyInto": backend.files.copyInto(id, "/", Stream.empty),
    "files.copyOutOf": Stream.runDrain(backend.files.copyOutOf(id, "/")),
    "containers.stats": Stream.runDrain(backend.containers.stats(id, { follow: false })),
    "containers.processes": backend.containers.processes(id),
    "events.subscribe": Effect.scoped(Effect.flatMap(backend.events.subscribe({}), Stream.runDrain)),
    "images.pull": Stream.runDrain(backend.images.pull(image, { platform: Option.none(), credentials: Option.none() })),
    "images.push": Stream.runDrain(backend.images.push(image, { credentials: Option.none() })),
    "images.history": backend.images.history(image),
    "images.tag": backend.images.tag(image, image),
    "images.load": backend.images.load(Stream.empty),
    "images.save": Stream.runDrain(backend.images.save([image])),
    "images.import": backend.images.import(Stream.empty, image, {}),
    "images.prune": backend.images.prune({ labels: [], all: true }),
    "images.inspect": backend.images.inspect(image),
    "images.list": backend.images.list([]),
    "images.remove": backend.images.remove(image, { force: false }),
    "builds.build": Stream.runDrain(backend.builds.build({
      image,
      source: { _tag: "Instructions", text: "FROM scratch" },
      arguments: {},
      labels: Label.empty
    })),
    "networks.create": backend.networks.create({
      name: Schema.decodeSync(NetworkInfo.Name)("web"),
      driver: Option.none(),
      subnets: [],
      internal: false,
      ipv6: false,
      labels: Label.empty,
      driverOptions: {}
    }),
    "networks.inspect": backend.networks.inspect(id),
    "networks.list": backend.networks.list([]),
    "networks.remove": backend.networks.remove(id, { force: false }),
    "networks.connect": backend.networks.connect(id, id, { aliases: [], addresses: [] }),
    "networks.disconnect": backend.networks.disconnect(id, id, { force: false }),
    "volumes.create": backend.volumes.create({
      name: volume,
      driver: Option.none(),
      driverOptions: {},
      labels: Label.empty
    }),
    "volumes.inspect": backend.volumes.inspect(volume),
    "volumes.list": backend.volumes.list([]),
    "volumes.remove": backend.volumes.remove(volume, { force: false }),
    "exec.resolveHost": backend.exec.resolveHost(id, HostName.make("db"))
  } satisfies Record<Operation, Effect.Effect<unknown, unknown>>
}
