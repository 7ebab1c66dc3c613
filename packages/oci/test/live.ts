import { NodeContext } from "@effect/platform-node"
import { it } from "@effect/vitest"
import { Effect, Layer, type Scope } from "effect"
import { layerServices } from "./trees.js"

export const environment = Layer.merge(NodeContext.layer, layerServices)

export type Environment = Layer.Layer.Success<typeof environment>

/** A test with the services for building images, in a scope. */
export const live = (name: string, effect: Effect.Effect<void, unknown, Scope.Scope | Environment>, timeout = 60_000) =>
  it.live(name, () => effect.pipe(Effect.scoped, Effect.provide(environment)), timeout)
