import * as Reference from "@ociman/oci/Reference"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { BuildRequest, Builds } from "../../BackendDriver.js"
import { BuildFailed } from "../../BackendError.js"
import * as BuildEvent from "../../BuildEvent.js"
import { type Context, modify } from "./context.js"
import * as Dockerfile from "./dockerfile.js"
import { add, toReference } from "./images.js"
import type { BuildScript } from "./options.js"
import * as State from "./state.js"

/** @internal */
export const builds = (context: Context): Builds => ({
  build: (request) =>
    Stream.unwrap(Effect.gen(function*() {
      const script = yield* scriptOf(context, request)
      const plan = yield* planOf(context, request, script)
      const steps = plan.instructions.map((instruction, index) =>
        new BuildEvent.Step({ number: index + 1, total: plan.instructions.length, instruction })
      )
      return Stream.fromIterable(steps).pipe(
        Stream.flatMap((step) => run(request, script, step)),
        Stream.concat(Stream.fromEffect(finish(context, request, { ...plan.labels, ...script.labels })))
      )
    }))
})

const scriptOf = ({ options }: Context, request: BuildRequest): Effect.Effect<BuildScript> => {
  const script = options.build?.(request) ?? {}
  return Effect.isEffect(script) ? script : Effect.succeed(script)
}

const failed = (request: BuildRequest, fields: Partial<Omit<BuildFailed, "_tag" | "image">>) =>
  new BuildFailed({ image: Reference.format(request.image), output: "", ...fields })

interface Plan {
  readonly instructions: ReadonlyArray<string>
  readonly labels: State.Labels
}

const planOf = Effect.fnUntraced(function*(
  context: Context,
  request: BuildRequest,
  script: BuildScript
): Effect.fn.Return<Plan, BuildFailed> {
  if (script.instructions !== undefined) return { instructions: script.instructions, labels: {} }
  if (request.source._tag === "Directory") return { instructions: [], labels: {} }
  const parsed = yield* Either.mapLeft(Dockerfile.parse(request.source.text), (output) => failed(request, { output }))
  const instructions = yield* untilTarget(request, parsed)
  const labels = yield* labelsOf(context, request, instructions)
  return { instructions: instructions.map(({ text }) => text), labels }
})

/** Instructions up to the end of the target stage. */
const untilTarget = (
  request: BuildRequest,
  instructions: ReadonlyArray<Dockerfile.Instruction>
): Effect.Effect<ReadonlyArray<Dockerfile.Instruction>, BuildFailed> => {
  const { target } = request
  if (target === undefined) return Effect.succeed(instructions)
  const stages = instructions.flatMap((instruction, at) =>
    instruction.name === "FROM" ? [{ at, name: Dockerfile.stageOf(instruction).name }] : []
  )
  const index = stages.findIndex(({ name }, index) =>
    name?.toLowerCase() === target.toLowerCase() || String(index) === target
  )
  return index === -1
    ? failed(request, { output: `target stage "${target}" could not be found` })
    : Effect.succeed(instructions.slice(0, stages[index + 1]?.at))
}

/** Labels of the last stage, including those of its base; fails if the base does not exist. */
const labelsOf = Effect.fnUntraced(function*(
  context: Context,
  request: BuildRequest,
  instructions: ReadonlyArray<Dockerfile.Instruction>
): Effect.fn.Return<State.Labels, BuildFailed> {
  const stages = new Map<string, State.Labels>()
  let labels: State.Labels = {}
  let name: string | undefined
  for (const [index, instruction] of instructions.entries()) {
    if (instruction.name === "FROM") {
      const stage = Dockerfile.stageOf(instruction)
      const base = stages.get(stage.base.toLowerCase()) ?? (yield* baseLabels(context, stage.base))
      if (base === undefined) {
        const step = new BuildEvent.Step({
          number: index + 1,
          total: instructions.length,
          instruction: instruction.text
        })
        return yield* failed(request, { step, output: `manifest for ${stage.base} not found: manifest unknown` })
      }
      labels = base
      name = stage.name?.toLowerCase()
    } else if (instruction.name === "LABEL") {
      labels = { ...labels, ...Dockerfile.labelsOf(instruction.rest) }
    }
    if (name !== undefined) stages.set(name, labels)
  }
  return labels
})

/** Labels of a base image that exists or can be pulled. A name with variables is assumed to exist. */
const baseLabels = Effect.fnUntraced(function*({ options: { registry }, state }: Context, base: string) {
  if (base.toLowerCase() === "scratch" || base.includes("$")) return {}
  const reference = Either.getOrUndefined(Reference.parse(base))
  if (reference === undefined) return undefined
  const known = Option.getOrUndefined(State.findImage(yield* state.get, reference))
  if (known !== undefined) return known.labels
  if (registry === undefined) return {}
  const name = State.imageName(reference)
  const image = registry.find(({ image }) => State.imageName(toReference(image)) === name)
  return image === undefined ? undefined : image.labels ?? {}
})

const run = (
  request: BuildRequest,
  { cached = [], failure, output = {} }: BuildScript,
  step: BuildEvent.Step
): Stream.Stream<BuildEvent.BuildEvent, BuildFailed> => {
  const started = Stream.make(BuildEvent.StepStarted({ step }))
  if (cached.includes(step.number)) return Stream.concat(started, Stream.make(BuildEvent.StepCached({ step })))
  const written = output[step.number]?.replace(/\n$/, "").split("\n") ?? []
  return started.pipe(
    Stream.concat(
      Stream.fromIterable(written.map((text) => BuildEvent.OutputLine({ source: "stdout", text, step })))
    ),
    Stream.concat(
      failure?.step === step.number
        ? Stream.fail(failed(request, {
          step,
          output: written.slice(-20).join("\n"),
          ...(failure.exitCode === undefined ? {} : { exitCode: failure.exitCode })
        }))
        : Stream.make(BuildEvent.StepDone({ step }))
    )
  )
}

const finish = (context: Context, { image, labels, platform }: BuildRequest, more: State.Labels) =>
  modify(context, (state) =>
    Effect.map(
      add(state, image, { labels: { ...more, ...State.toRecord(labels) }, platform }),
      ([{ id }, state]) => [BuildEvent.Built({ id }), state] as const
    ))
