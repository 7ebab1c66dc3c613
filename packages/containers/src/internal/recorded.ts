import * as CommandExecutor from "@effect/platform/CommandExecutor"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { Primitives } from "../Primitives.js"
import type { Call } from "../Recorder.js"

/**
 * The same primitives; each call is noted when it begins.
 *
 * @internal
 */
export const recorded = (primitives: Primitives, note: (call: Call) => Effect.Effect<unknown>): Primitives => {
  const effect = <Args extends ReadonlyArray<unknown>, A, E, R>(
    operation: Call["operation"],
    call: (...args: Args) => Effect.Effect<A, E, R>
  ) =>
  (...args: Args) => Effect.zipRight(note({ operation, arguments: args }), call(...args))

  const stream = <Args extends ReadonlyArray<unknown>, A, E>(
    operation: Call["operation"],
    call: (...args: Args) => Stream.Stream<A, E>
  ) =>
  (...args: Args) => Stream.unwrap(Effect.as(note({ operation, arguments: args }), call(...args)))

  return {
    engine: primitives.engine,
    currentProcess: primitives.currentProcess,
    isProcessAlive: effect("isProcessAlive", primitives.isProcessAlive),
    createContainer: effect("createContainer", primitives.createContainer),
    startContainer: effect("startContainer", primitives.startContainer),
    startAttached: stream("startAttached", primitives.startAttached),
    stopContainer: effect("stopContainer", primitives.stopContainer),
    killContainer: effect("killContainer", primitives.killContainer),
    restartContainer: effect("restartContainer", primitives.restartContainer),
    pauseContainer: effect("pauseContainer", primitives.pauseContainer),
    unpauseContainer: effect("unpauseContainer", primitives.unpauseContainer),
    renameContainer: effect("renameContainer", primitives.renameContainer),
    removeContainer: effect("removeContainer", primitives.removeContainer),
    waitContainer: effect("waitContainer", primitives.waitContainer),
    inspectContainer: effect("inspectContainer", primitives.inspectContainer),
    listContainers: effect("listContainers", primitives.listContainers),
    containerLogs: stream("containerLogs", primitives.containerLogs),
    exec: stream("exec", primitives.exec),
    executor: (container) => {
      const { start } = primitives.executor(container)
      return CommandExecutor.makeExecutor((command) =>
        Effect.zipRight(note({ operation: "executor", arguments: [container, command] }), start(command))
      )
    },
    commitContainer: effect("commitContainer", primitives.commitContainer),
    copyInto: (container, directory, archive) =>
      Effect.zipRight(
        note({ operation: "copyInto", arguments: [container, directory, archive] }),
        primitives.copyInto(container, directory, archive)
      ),
    copyOutOf: stream("copyOutOf", primitives.copyOutOf),
    containerStats: stream("containerStats", primitives.containerStats),
    containerProcesses: effect("containerProcesses", primitives.containerProcesses),
    events: effect("events", primitives.events),
    pullImage: stream("pullImage", primitives.pullImage),
    pushImage: stream("pushImage", primitives.pushImage),
    inspectImage: effect("inspectImage", primitives.inspectImage),
    imageHistory: effect("imageHistory", primitives.imageHistory),
    listImages: effect("listImages", primitives.listImages),
    tagImage: effect("tagImage", primitives.tagImage),
    removeImage: effect("removeImage", primitives.removeImage),
    loadImages: effect("loadImages", primitives.loadImages),
    saveImages: stream("saveImages", primitives.saveImages),
    importImage: effect("importImage", primitives.importImage),
    pruneImages: effect("pruneImages", primitives.pruneImages),
    buildImage: stream("buildImage", primitives.buildImage),
    lockImage: effect("lockImage", primitives.lockImage),
    createNetwork: effect("createNetwork", primitives.createNetwork),
    inspectNetwork: effect("inspectNetwork", primitives.inspectNetwork),
    listNetworks: effect("listNetworks", primitives.listNetworks),
    removeNetwork: effect("removeNetwork", primitives.removeNetwork),
    connectContainer: effect("connectContainer", primitives.connectContainer),
    disconnectContainer: effect("disconnectContainer", primitives.disconnectContainer),
    createVolume: effect("createVolume", primitives.createVolume),
    inspectVolume: effect("inspectVolume", primitives.inspectVolume),
    listVolumes: effect("listVolumes", primitives.listVolumes),
    removeVolume: effect("removeVolume", primitives.removeVolume),
    resolveHost: effect("resolveHost", primitives.resolveHost)
  }
}
