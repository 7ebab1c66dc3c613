import { Console, Effect, Schema } from "effect"
import { execFile } from "node:child_process"
import { readdirSync, readFileSync } from "node:fs"
import { loadavg } from "node:os"
import { fileURLToPath } from "node:url"
import { median } from "./compare.js"

/** Cost of one run: milliseconds, and the peak memory of its processes in megabytes. */
interface Measured {
  readonly milliseconds: number
  readonly megabytes: number
}

/** One side of a comparison, which runs in separate processes. */
export interface Side {
  readonly name: string
  /** Preparation before each run, which is not measured. */
  readonly prepare: Effect.Effect<unknown>
  readonly run: Effect.Effect<Measured, Error>
}

const once = fileURLToPath(new URL("once.mjs", import.meta.url))

const Report = Schema.parseJson(Schema.Struct({ milliseconds: Schema.Number, kilobytes: Schema.Number }))

/** Runs `once.mjs` from the build of this library. Its time excludes the start of Node.js. */
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

/** Peak memory of each descendant process by its id, on Linux. */
const peaks = (root: number, found: Map<number, number>): void => {
  const parents = new Map<number, number>()
  for (const name of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const status = readFileSync(`/proc/${name}/status`, "utf8")
      parents.set(Number(name), Number(/^PPid:\s+(\d+)/m.exec(status)?.[1]))
      const peak = /^VmHWM:\s+(\d+)/m.exec(status)?.[1]
      if (isBelow(Number(name), root, parents) && peak !== undefined) found.set(Number(name), Number(peak))
    } catch {
      // The process has ended meanwhile.
    }
  }
}

const isBelow = (pid: number, root: number, parents: ReadonlyMap<number, number>): boolean => {
  for (let at: number | undefined = pid; at !== undefined; at = parents.get(at)) if (at === root) return true
  return false
}

/** Runs a shell script with arguments and samples the memory of its processes. */
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

/** Runs all sides alternately and prints their median times, peak memory and the medians of the ratios of all rounds. */
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
      // Alternates the order, since later sides may benefit from warm caches.
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
