import { assert } from "@effect/vitest"
import * as Container from "@ociman/containers/Container"
import * as Definition from "@ociman/containers/Definition"
import * as Exec from "@ociman/containers/Exec"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Inspectable from "effect/Inspectable"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import * as Tracer from "effect/Tracer"
import * as processes from "../processes.js"
import { sh, Shared, type Suite } from "./support.js"

// One variable that the client passes on by name, and one with a meaning for the client, which is passed differently.
const names = ["PASSWORD", "HTTPS_PROXY"]

const secrets = ({ idle, test, uniqueName }: Suite): void => {
  const secret = Effect.map(uniqueName, (name) => Redacted.make(`s3cret-${name}`))

  const withSecret = (definition: Definition.Definition, secret: Redacted.Redacted<string>) =>
    names.reduce((definition, name) => Definition.env(definition, name, secret), definition)

  const execWithSecret = (exec: Exec.Exec, secret: Redacted.Redacted<string>) =>
    names.reduce((exec, name) => Exec.env(exec, name, secret), exec)

  test(
    "no process listing shows secret variables of a container or a command",
    Effect.gen(function*() {
      const value = yield* secret
      const [container, listing] = yield* whileListing(
        Container.start(withSecret(Definition.label(idle, "com.example.seen", "it is"), value))
      )
      const [result, other] = yield* whileListing(
        container.exec(execWithSecret(sh("echo $PASSWORD $HTTPS_PROXY; sleep 0.2"), value))
      )
      assert.strictEqual(result.stdout, `${Redacted.value(value)} ${Redacted.value(value)}\n`)
      for (const commandLines of [listing, other]) {
        assert.isNotEmpty(commandLines)
        assert.deepStrictEqual(commandLines.filter((line) => line.includes(Redacted.value(value))), [])
      }
    })
  )

  test(
    "no error, log or span shows a secret variable",
    Effect.gen(function*() {
      const shared = yield* Shared
      const value = yield* secret
      const everything = yield* recorded(Effect.gen(function*() {
        const definition = withSecret(idle, value)
        const exec = execWithSecret(sh("exit 3"), value)
        const printing = "echo $PASSWORD; echo $HTTPS_PROXY >&2; exit 3"
        const started = Effect.flatMap(Container.start(definition), (container) => container.exec(sh(printing)))
        return yield* Effect.all(
          [
            Effect.scoped(Container.start(definition)),
            Container.run(Definition.command(definition, "true")),
            Container.run(Definition.command(definition, "sh", "-c", "exit 3")),
            Effect.scoped(Container.start(Definition.command(definition, "no-such-command"))),
            Effect.scoped(Container.start(Definition.rawFlags(definition, "--no-such-flag"))),
            shared.exec(exec),
            shared.exec(execWithSecret(sh(printing), value)),
            Stream.runDrain(shared.execStream(execWithSecret(sh(printing), value))),
            Container.run(Definition.command(definition, "sh", "-c", printing)),
            Stream.runDrain(Container.runStream(Definition.command(definition, "sh", "-c", printing))),
            Effect.scoped(started),
            shared.exec(Exec.allowNonZeroExit(exec)),
            shared.exec(Exec.user(exec, "no-such-user")),
            shared.exec(execWithSecret(Exec.make("no-such-command"), value))
          ].map((effect) => Effect.exit<unknown, unknown, Effect.Effect.Context<typeof effect>>(effect)),
          {
            concurrency: 2
          }
        )
      }))
      assert.isNotEmpty(everything)
      assert.deepStrictEqual(everything.filter((text) => text.includes(Redacted.value(value))), [])
    })
  )

  test(
    "no rendering of a definition or an exec shows a secret variable",
    Effect.map(secret, (value) => {
      for (const description of [withSecret(idle, value), execWithSecret(sh(""), value)]) {
        assert.notInclude(everyRendering(description).join("\n"), Redacted.value(value))
      }
    })
  )
}

/** Returns the result of an effect and all command lines seen on the machine while it ran. */
const whileListing = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const seen = new Set<string>()
    const look = Effect.map(processes.list, (processes) => {
      for (const { commandLine } of processes) seen.add(commandLine)
    })
    yield* look
    const a = yield* Effect.raceFirst(effect, Effect.forever(look))
    return [a, Array.from(seen)] as const
  })

const everyRendering = (value: unknown): ReadonlyArray<string> => [
  String(value),
  Inspectable.toStringUnknown(value),
  ...(value instanceof Error ? [value.message, value.stack ?? "", ...everyRendering(value.cause)] : [])
]

/** Returns all text of the exits of effects, of their logs and of their spans. */
const recorded = <E, R>(effects: Effect.Effect<ReadonlyArray<Exit.Exit<unknown, unknown>>, E, R>) =>
  Effect.suspend(() => {
    const texts: Array<string> = []
    const add = (value: unknown) => {
      for (const text of everyRendering(value)) texts.push(text)
    }
    const logger = Logger.map(Logger.logfmtLogger, add)
    return effects.pipe(
      Effect.tap((exits) =>
        Effect.sync(() => {
          for (const exit of exits) {
            if (Exit.isSuccess(exit)) continue
            add(Cause.pretty(exit.cause, { renderErrorCause: true }))
            for (const error of [...Cause.failures(exit.cause), ...Cause.defects(exit.cause)]) add(error)
          }
        })
      ),
      Effect.provide(Logger.replace(Logger.defaultLogger, logger)),
      Logger.withMinimumLogLevel(LogLevel.All),
      Effect.withTracer(recordingTracer(add)),
      Effect.as(texts)
    )
  })

const recordingTracer = (add: (value: unknown) => void) =>
  Tracer.make({
    context: (execution) => execution(),
    span: (name, parent, context, links, startTime, kind) => {
      const attributes = new Map<string, unknown>()
      let status: Tracer.SpanStatus = { _tag: "Started", startTime }
      add(name)
      return {
        _tag: "Span",
        name,
        spanId: name,
        traceId: "trace",
        parent,
        context,
        links: [...links],
        kind,
        sampled: true,
        attributes,
        get status() {
          return status
        },
        attribute: (key, value) => {
          add(`${key}=${Inspectable.toStringUnknown(value)}`)
          attributes.set(key, value)
        },
        event: (name, _, attributes) => add(`${name} ${JSON.stringify(attributes)}`),
        addLinks: () => undefined,
        end: (endTime, exit) => {
          // A successful result may contain the environment of a container, which the caller asked for.
          if (Exit.isFailure(exit)) add(Cause.pretty(exit.cause, { renderErrorCause: true }))
          status = { _tag: "Ended", startTime, endTime, exit }
        }
      }
    }
  })

/** @internal */
export const themes = [
  { name: "secrets", tests: secrets }
] as const
