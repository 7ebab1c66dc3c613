import * as CommandExecutor from "@effect/platform/CommandExecutor"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { Primitives } from "../Primitives.js"
import { engine } from "./memory/engine.js"

const message = (name: keyof Primitives) =>
  `Backend.layerTest: "${name}" was called but not given; give it as in Backend.layerTest({ ${name}: … }).`

const effect = (name: keyof Primitives) => () => Effect.dieMessage(message(name))

const stream = (name: keyof Primitives) => () => Stream.dieMessage(message(name))

/**
 * Primitives that die when they are used.
 *
 * @internal
 */
export const notGiven: Primitives = {
  engine,
  currentProcess: Option.none(),
  isProcessAlive: effect("isProcessAlive"),
  createContainer: effect("createContainer"),
  startContainer: effect("startContainer"),
  startAttached: stream("startAttached"),
  stopContainer: effect("stopContainer"),
  killContainer: effect("killContainer"),
  restartContainer: effect("restartContainer"),
  pauseContainer: effect("pauseContainer"),
  unpauseContainer: effect("unpauseContainer"),
  renameContainer: effect("renameContainer"),
  removeContainer: effect("removeContainer"),
  waitContainer: effect("waitContainer"),
  inspectContainer: effect("inspectContainer"),
  listContainers: effect("listContainers"),
  containerLogs: stream("containerLogs"),
  exec: stream("exec"),
  executor: () => CommandExecutor.makeExecutor(effect("executor")),
  commitContainer: effect("commitContainer"),
  copyInto: effect("copyInto"),
  copyOutOf: stream("copyOutOf"),
  containerStats: stream("containerStats"),
  containerProcesses: effect("containerProcesses"),
  events: effect("events"),
  pullImage: stream("pullImage"),
  pushImage: stream("pushImage"),
  inspectImage: effect("inspectImage"),
  imageHistory: effect("imageHistory"),
  listImages: effect("listImages"),
  tagImage: effect("tagImage"),
  removeImage: effect("removeImage"),
  loadImages: effect("loadImages"),
  saveImages: stream("saveImages"),
  importImage: effect("importImage"),
  pruneImages: effect("pruneImages"),
  buildImage: stream("buildImage"),
  lockImage: effect("lockImage"),
  createNetwork: effect("createNetwork"),
  inspectNetwork: effect("inspectNetwork"),
  listNetworks: effect("listNetworks"),
  removeNetwork: effect("removeNetwork"),
  connectContainer: effect("connectContainer"),
  disconnectContainer: effect("disconnectContainer"),
  createVolume: effect("createVolume"),
  inspectVolume: effect("inspectVolume"),
  listVolumes: effect("listVolumes"),
  removeVolume: effect("removeVolume"),
  resolveHost: effect("resolveHost")
}
