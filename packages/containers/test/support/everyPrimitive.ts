import { Command } from "@effect/platform"
import {
  type Backend,
  ContainerName,
  Definition,
  Exec,
  HostName,
  Label,
  NetworkInfo,
  type Primitives,
  Session,
  VolumeInfo
} from "@ociman/containers"
import { Reference } from "@ociman/oci"
import { Duration, Effect, Option, Schema, Stream } from "effect"

const id = "0".repeat(64)

const web = Definition.make("web")

/** A fake engine has one of this name. */
const volume = Schema.decodeSync(VolumeInfo.Name)("fake")

/** Every primitive, used to its end. */
export const everyPrimitive = (backend: Backend.Service) => {
  const name = ContainerName.make("web")
  const image = Reference.make("web")
  return {
    isProcessAlive: backend.isProcessAlive(new Session.Process({ host: "a", pid: 1, started: "0" })),
    createContainer: backend.createContainer(web, name),
    startContainer: backend.startContainer(id),
    startAttached: Stream.runDrain(backend.startAttached(id, Option.none())),
    stopContainer: backend.stopContainer(id, Option.none()),
    killContainer: backend.killContainer(id, "SIGKILL"),
    restartContainer: backend.restartContainer(id, Option.none()),
    pauseContainer: backend.pauseContainer(id),
    unpauseContainer: backend.unpauseContainer(id),
    renameContainer: backend.renameContainer(id, name),
    removeContainer: backend.removeContainer(id, { force: true, volumes: true, grace: Duration.zero }),
    waitContainer: backend.waitContainer(id),
    inspectContainer: backend.inspectContainer(id),
    listContainers: backend.listContainers([Label.has("role")]),
    containerLogs: Stream.runDrain(backend.containerLogs(id, {})),
    exec: Stream.runDrain(backend.exec(id, Exec.make("true"))),
    executor: Effect.scoped(Effect.flatMap(
      backend.executor(id).start(Command.make("true")),
      ({ exitCode, stderr, stdout }) => Effect.zipRight(Stream.runDrain(Stream.merge(stdout, stderr)), exitCode)
    )),
    commitContainer: backend.commitContainer(id, image, {}),
    copyInto: backend.copyInto(id, "/", Stream.empty),
    copyOutOf: Stream.runDrain(backend.copyOutOf(id, "/")),
    containerStats: Stream.runDrain(backend.containerStats(id, { follow: false })),
    containerProcesses: backend.containerProcesses(id),
    events: Effect.scoped(Effect.flatMap(backend.events({}), Stream.runDrain)),
    pullImage: Stream.runDrain(backend.pullImage(image, { platform: Option.none(), credentials: Option.none() })),
    pushImage: Stream.runDrain(backend.pushImage(image, { credentials: Option.none() })),
    imageHistory: backend.imageHistory(image),
    tagImage: backend.tagImage(image, image),
    loadImages: backend.loadImages(Stream.empty),
    saveImages: Stream.runDrain(backend.saveImages([image])),
    importImage: backend.importImage(Stream.empty, image, {}),
    pruneImages: backend.pruneImages({ labels: [], all: true }),
    inspectImage: backend.inspectImage(image),
    listImages: backend.listImages([]),
    removeImage: backend.removeImage(image, { force: false }),
    buildImage: Stream.runDrain(backend.buildImage({
      image,
      source: { _tag: "Instructions", text: "FROM scratch" },
      arguments: {},
      labels: Label.empty
    })),
    lockImage: Effect.scoped(backend.lockImage(image)),
    createNetwork: backend.createNetwork({
      name: Schema.decodeSync(NetworkInfo.Name)("web"),
      driver: Option.none(),
      subnets: [],
      internal: false,
      ipv6: false,
      labels: Label.empty,
      driverOptions: {}
    }),
    inspectNetwork: backend.inspectNetwork(id),
    listNetworks: backend.listNetworks([]),
    removeNetwork: backend.removeNetwork(id, { force: false }),
    connectContainer: backend.connectContainer(id, id, { aliases: [], addresses: [] }),
    disconnectContainer: backend.disconnectContainer(id, id, { force: false }),
    createVolume: backend.createVolume({
      name: volume,
      driver: Option.none(),
      driverOptions: {},
      labels: Label.empty
    }),
    inspectVolume: backend.inspectVolume(volume),
    listVolumes: backend.listVolumes([]),
    removeVolume: backend.removeVolume(volume, { force: false }),
    resolveHost: backend.resolveHost(id, HostName.make("db"))
  } satisfies Record<Exclude<keyof Primitives.Primitives, "engine" | "currentProcess">, Effect.Effect<unknown, unknown>>
}
