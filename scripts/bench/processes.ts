import { Console, Effect, Schema } from "effect"
import { execFile } from "node:child_process"
import { readdirSync, readFileSync } from "node:fs"
import { loadavg } from "node:os"
import { fileURLToPath } from "node:url"
import { median } from "./compare.js"

/** What one run took: milliseconds, and the most memory that its processes had, in megabytes. */
interface Measured {
  readonly milliseconds: number
  readonly megabytes: number
}

/** One side of a comparison, which is run in processes of its own. */
export interface Side {
  readonly name: string
  /** What makes room for it, and takes no part in it. */
  readonly prepare: Effect.Effect<unknown>
  readonly run: Effect.Effect<Measured, Error>
}

const once = fileURLToPath(new URL("once.mjs", import.meta.url))

const Report = Schema.parseJson(Schema.Struct({ milliseconds: Schema.Number, kilobytes: Schema.Number }))

/** What `once.mjs` does, from the build of this library and without the time that Node.js needs to begin. */
export const ours = (what: string, from: string, to = ""): Side["run"] =>
  Effect.async<string, Error>((resume) => {
    execFile(process.execPath, [once, what, from, to], (error, stdout) =>
      resume(error === null ? Effect.succeed(stdout) : Effect.fail(error)))
  }).pipe(
    Effect.flatMap(Schema.decode(Report)),
    Effect.map(({ kilobytes, milliseconds }) => ({ milliseconds, megabytes: kilobytes / 1024 })),
    Effect.mapError((cause) =>
      new Error(`${what} failed`, { cause })
    )
  )

/** The most memory that each process below this one ever had, by its id, as Linux tells it. */
const peaks = (root: number, found: Map<number, number>): void => {
  const parents = new Map<number, number>()
  for (const name of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const status = readFileSync(`/proc/${name}/status`, "utf8")
      parents.set(Number(name), Number(/^PPid:\s+(\d+)/m.exec(status)?.[1]))
      const peak = /^VmHWM:\s+(\d+)/m.exec(status)?.[1]
      if (isBelow(Number(name), root, parents) && peak !== undefined) found.set(Number(name), Number(peak))
    } catch {
      // It has ended meanwhile.
    }
  }
}

const isBelow = (pid: number, root: number, parents: ReadonlyMap<number, number>): boolean => {
  for (let at: number | undefined = pid; at !== undefined; at = parents.get(at)) if (at === root) return true
  return false
}

/** A script of a shell with these arguments; its processes are looked at all the while. */
export const sh = (script: string, ...args: ReadonlyArray<string>): Side["run"] =>
  Effect.async((resume) => {
    const found = new Map<number, number>()
    const start = performance.now()
    const child = execFile("sh", ["-c", script, "sh", ...args], (error) => {
      const milliseconds = performance.now() - start
      clearInterval(timer)
      const megabytes = [...found.values()].reduce((sum, kilobytes) => sum + kilobytes, 0) / 1024
      resume(error === null ? Effect.succeed({ milliseconds, megabytes }) : Effect.fail(error))
    })
    const timer = setInterval(() => child.pid !== undefined && peaks(child.pid, found), 50)
  })

const line = (name: string, { megabytes, milliseconds }: Measured) =>
  `  ${name.padEnd(44)} ${milliseconds.toFixed(0).padStart(9)} ms ${megabytes.toFixed(0).padStart(6)} MB`

/** Runs all sides in turns, and prints the median time and the most memory of each, and the medians of the ratios round by round. */
export const race = (
  title: string,
  options: { readonly rounds: number; readonly expected?: number },
  first: Side,
  ...others: ReadonlyArray<Side>
) =>
  Effect.gen(function*() {
    const sides = [first, ...others]
    const measured = new Map(sides.map((side) => [side, new Array<Measured>()]))
    for (let round = 0; round < options.rounds; round++) {
      // Who goes first changes, since the second may find a warmer machine.
      for (const side of round % 2 === 0 ? sides : [...sides].reverse()) {
        yield* side.prepare
        measured.get(side)?.push(yield* side.run)
      }
    }
    const all = (side: Side) => measured.get(side) ?? []
    const ratio = (other: Side) =>
      median(all(first).map(({ milliseconds }, i) => milliseconds / (all(other)[i]?.milliseconds ?? NaN)))
    const expected = options.expected === undefined ? "" : `    (expected: at most ${options.expected})`
    yield* Console.log([
      `${title} (${options.rounds} rounds, medians; load ${loadavg()[0]?.toFixed(1)})`,
      ...sides.map((side) =>
        line(side.name, {
          milliseconds: median(all(side).map(({ milliseconds }) => milliseconds)),
          megabytes: Math.max(...all(side).map(({ megabytes }) => megabytes))
        })
      ),
      ...others.map((side) =>
        `  ${`ratio to ${side.name}`.padEnd(44)} ${ratio(side).toFixed(3).padStart(9)}${expected}`
      )
    ].join("\n"))
  })
