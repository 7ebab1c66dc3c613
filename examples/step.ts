import { Backend, Container, Image, Label, Network, Volume } from "@ociman/containers"
import { Clock, Console, Effect } from "effect"

/** Label of all resources of the demo. */
export const example = Label.equals("com.example.ociman", "demo")

export const labels = { [example.key]: example.value }

/** Runs one step and prints what it found, on one line with its time. */
export const step = <A, E, R>(name: string, effect: Effect.Effect<A, E, R>, describe: (a: A) => string) =>
  Effect.gen(function*() {
    const start = yield* Clock.currentTimeMillis
    const result = yield* effect
    const end = yield* Clock.currentTimeMillis
    yield* Console.log(`${name.padEnd(10)} ${String(end - start).padStart(6)} ms  ${describe(result).trim()}`)
    return result
  })

/** Prints the resources that the demo, or killed demos, left on the engine. */
export const left = Effect.gen(function*() {
  const { removed } = yield* Backend.sweep({ dryRun: true, labels: [example] })
  const all = yield* Effect.all([
    Effect.map(Container.list(example), (infos) => infos.map(({ name }) => `container ${name}`)),
    Effect.map(Image.list(example), (infos) => infos.map(({ id }) => `image ${id}`)),
    Effect.map(Network.list(example), (infos) => infos.map(({ name }) => `network ${name}`)),
    Effect.map(Volume.list(example), (infos) => infos.map(({ name }) => `volume ${name}`))
  ])
  const things = [...all.flat(), ...removed.map(({ kind, name }) => `${kind} ${name} of an ended process`)]
  yield* Console.log(`left on the engine: ${things.length === 0 ? "nothing" : things.join(", ")}`)
})
