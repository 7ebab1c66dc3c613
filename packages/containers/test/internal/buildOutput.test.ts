import { assert, describe, it } from "@effect/vitest"
import type { BuildEvent } from "@ociman/containers"
import { Subprocess } from "@ociman/process"
import { Chunk, Effect, FastCheck as fc, Stream } from "effect"
import { readFileSync } from "node:fs"
import * as docker from "../../src/internal/dialect/buildOutput/docker.js"
import type { Failure, Line, Parser } from "../../src/internal/dialect/buildOutput/parser.js"
import * as podman from "../../src/internal/dialect/buildOutput/podman.js"

interface Read {
  readonly events: ReadonlyArray<BuildEvent.BuildEvent>
  readonly failure: Failure
}

const reader = <S>({ end, failure, initial, next }: Parser<S>) => (lines: ReadonlyArray<Line>): Read => {
  let state = initial
  const events = lines.flatMap((line) => {
    const [after, found] = next(state, line)
    state = after
    return found
  })
  return { events: [...events, ...end(state)], failure: failure(state) }
}

const readers = { classic: reader(docker.parser), buildkit: reader(docker.parser), podman: reader(podman.parser) }

type Builder = keyof typeof readers

const builders: ReadonlyArray<Builder> = ["classic", "buildkit", "podman"]

/** Recorded outputs of the classic builder and BuildKit of Docker 20.10, and of Podman 4.3. */
const recorded = (builder: Builder): Readonly<Record<string, { readonly stdout: string; readonly stderr: string }>> =>
  JSON.parse(readFileSync(new URL(`../fixtures/builders/${builder}.json`, import.meta.url), "utf8"))

const encoder = new TextEncoder()

const linesOf = (outputs: ReadonlyArray<Subprocess.Output>): ReadonlyArray<Line> =>
  Chunk.toReadonlyArray(Effect.runSync(Stream.runCollect(Subprocess.splitOutputLines(Stream.fromIterable(outputs)))))

const read = (builder: Builder, recording: string): Read => {
  const { stderr = "", stdout = "" } = recorded(builder)[recording] ?? {}
  return readers[builder](linesOf([
    { source: "stdout", bytes: encoder.encode(stdout) },
    { source: "stderr", bytes: encoder.encode(stderr) }
  ]))
}

const shown = ({ events }: Read, tag: BuildEvent.BuildEvent["_tag"]) =>
  events.flatMap((event) =>
    event._tag === tag && "step" in event && event.step !== undefined ? [String(event.step)] : []
  )

const written = ({ events }: Read, instruction: string) =>
  events.flatMap((event) =>
    event._tag === "OutputLine" && event.step?.instruction.startsWith(instruction) === true
      ? [`${event.source}: ${event.text}`]
      : []
  )

const steps: Readonly<Record<Builder, ReadonlyArray<string>>> = {
  classic: [
    "[1/9] FROM localhost/example/base:1 AS one",
    "[2/9] ARG WHO=world",
    "[3/9] RUN echo \"hello $WHO\"; echo err >&2; printf 'no newline'",
    "[4/9] COPY a.txt /a.txt",
    "[5/9] FROM localhost/example/base:1",
    "[6/9] ENV X=1",
    "[7/9] COPY --from=one /a.txt /b.txt",
    "[8/9] RUN cat /b.txt",
    "[9/9] LABEL a=b"
  ],
  buildkit: [
    "[one 1/3] FROM localhost/example/base:1",
    "[one 2/3] RUN echo \"hello world\"; echo err >&2; printf 'no newline'",
    "[one 3/3] COPY a.txt /a.txt",
    "[stage-1 2/3] COPY --from=one /a.txt /b.txt",
    "[stage-1 3/3] RUN cat /b.txt"
  ],
  podman: [
    "[1/2 1/4] FROM localhost/example/base:1 AS one",
    "[1/2 2/4] ARG WHO=world",
    "[1/2 3/4] RUN echo \"hello $WHO\"; echo err >&2; printf 'no newline'",
    "[1/2 4/4] COPY a.txt /a.txt",
    "[2/2 1/5] FROM localhost/example/base:1",
    "[2/2 2/5] ENV X=1",
    "[2/2 3/5] COPY --from=one /a.txt /b.txt",
    "[2/2 4/5] RUN cat /b.txt",
    "[2/2 5/5] LABEL a=b"
  ]
}

describe("the output of a builder", () => {
  it.each(builders)("is parsed to steps that start and end once: %s", (builder) => {
    const build = read(builder, "multi")
    assert.deepStrictEqual([...shown(build, "StepStarted")].sort(), [...steps[builder]].sort())
    assert.deepStrictEqual(
      [...shown(build, "StepDone"), ...shown(build, "StepCached")].sort(),
      [...steps[builder]].sort()
    )
    assert.deepStrictEqual(build.failure.exitCode, undefined)
  })

  it.each(builders)("is parsed to the output of steps, even without a final line end: %s", (builder) => {
    const output = written(read(builder, "multi"), "RUN echo")
    const plain = output.map((line) => line.replace(/^\w+: /, ""))
    // Podman mixes standard error of the step and of the client, so only the order of arrival assigns it to a step.
    assert.includeMembers(
      plain,
      builder === "podman" ? ["hello world", "no newline"] : ["hello world", "err", "no newline"]
    )
    if (builder === "classic") assert.include(output, "stderr: err")
    assert.deepStrictEqual(written(read(builder, "multi"), "RUN cat"), ["stdout: hi"])
  })

  it.each(builders)("is parsed to cached steps: %s", (builder) => {
    const build = read(builder, "multicached")
    const cached = shown(build, "StepCached").map((step) => step.replace(/^.*\] (\w+).*/, "$1"))
    assert.includeMembers([...cached], ["RUN", "COPY"])
    assert.notInclude(shown(build, "StepDone").join(), "RUN")
    assert.deepStrictEqual(written(build, "RUN"), [])
  })

  const failures: ReadonlyArray<readonly [string, string, Readonly<Record<Builder, readonly [string?, number?]>>]> = [
    ["run", "a command that fails", {
      classic: ["[2/2] RUN echo out; echo err >&2; exit 7", 7],
      buildkit: ["[2/2] RUN echo out; echo err >&2; exit 7", 7],
      podman: ["[2/2] RUN echo out; echo err >&2; exit 7", 7]
    }],
    ["long", "a command of several lines", {
      classic: ["[2/2] RUN echo a &&     echo b &&     exit 3", 3],
      buildkit: ["[2/2] RUN echo a &&     echo b &&     exit 3", 3],
      podman: ["[2/2] RUN echo a &&     echo b &&     exit 3", 3]
    }],
    ["nocmd", "a missing command", {
      classic: ["[2/2] RUN [\"/nothing\"]"],
      buildkit: ["[2/2] RUN [\"/nothing\"]", 1],
      podman: ["[2/2] RUN [\"/nothing\"]", 1]
    }],
    ["copy", "a missing file", {
      classic: ["[2/2] COPY nowhere.txt /a"],
      buildkit: ["[2/2] COPY nowhere.txt /a"],
      podman: ["[2/2] COPY nowhere.txt /a"]
    }],
    ["base", "a missing base image", {
      classic: ["[1/2] FROM localhost/example/no-such-base:1"],
      buildkit: [],
      podman: ["[1/2] FROM localhost/example/no-such-base:1"]
    }],
    ["parse", "an unknown instruction", { classic: [], buildkit: [], podman: ["[2/2] RUMBLE in the jungle"] }],
    ["empty", "an empty Dockerfile", { classic: [], buildkit: [], podman: [] }]
  ]
  for (const [recording, what, expected] of failures) {
    it.each(builders)(`is parsed to the failed step and its exit code: ${what}, %s`, (builder) => {
      const { events, failure } = read(builder, recording)
      const [step, exitCode] = expected[builder]
      assert.strictEqual(failure.step === undefined ? undefined : String(failure.step), step)
      assert.strictEqual(failure.exitCode, exitCode)
      assert.isNotEmpty(events.filter((event) => event._tag === "OutputLine"))
    })
  }

  it("is not confused with similar output of a step", () => {
    const { events } = readers.classic([
      "Step 1/2 : FROM scratch",
      " ---> 0123456789ab",
      "Step 2/2 : RUN imitate",
      " ---> Running in abcdefabcdef",
      " ---> Using cache",
      "Step 7/9 : RUN evil",
      "Removing intermediate container 000000000000",
      "Successfully built 0123456789ab",
      "Removing intermediate container abcdefabcdef",
      " ---> ba9876543210"
    ].map((text) => ({ source: "stdout", text })))
    const of = (tag: string) => events.filter((event) => event._tag === tag).length
    assert.deepStrictEqual([of("StepStarted"), of("StepCached"), of("OutputLine"), of("StepDone")], [2, 0, 4, 2])
  })
})

const bits = [
  "Step 1/2 : FROM a",
  "Step 2/2 : RUN b",
  " ---> Running in abcdefabcdef",
  "Removing intermediate container abcdefabcdef",
  " ---> abcdefabcdef",
  " ---> Using cache",
  "#1 [internal] load",
  "#2 [a 1/2] FROM x",
  "#2 DONE 0.1s",
  "#2 CACHED",
  "#2 ERROR: exit code: 3",
  "#2 0.1 text",
  "#2 ...",
  "STEP 1/2: FROM a",
  "STEP 2/2: RUN b",
  "--> abcdefabcde",
  "COMMIT x",
  "\u001b[91mred",
  "\u001b[0m",
  ""
]

const line = fc.record({
  source: fc.constantFrom<Line["source"]>("stdout", "stderr"),
  text: fc.oneof(
    fc.constantFrom(...bits),
    fc.string(),
    fc.tuple(fc.string(), fc.constantFrom(...bits)).map((_) => _.join(""))
  )
})

describe("any output of a builder", () => {
  it.each(builders)("is parsed without a step that ends twice or without a start: %s", (builder) => {
    fc.assert(fc.property(fc.array(line), (lines) => {
      let open: ReadonlyArray<string> = []
      for (const event of readers[builder](lines).events) {
        if (event._tag === "StepStarted") open = [...open, String(event.step)]
        if (event._tag === "StepDone" || event._tag === "StepCached") {
          const at = open.indexOf(String(event.step))
          assert.notStrictEqual(at, -1)
          open = open.filter((_, index) => index !== at)
        }
      }
    }))
  })

  it.each(builders)("is kept if it is unknown: %s", (builder) => {
    const unknown = fc.string().filter((text) => /^[a-z ]+$/.test(text) && text.trim() !== "")
    fc.assert(fc.property(fc.array(unknown), (texts) => {
      const { events } = readers[builder](texts.map((text) => ({ source: "stdout", text })))
      assert.deepStrictEqual(events.map((event) => event._tag === "OutputLine" ? event.text : event._tag), texts)
    }))
  })

  it.each(builders)("is parsed independently of its chunks, even if it is not UTF-8: %s", (builder) => {
    const text = recorded(builder)["multi"]
    const whole = encoder.encode(builder === "buildkit" ? text?.stderr : text?.stdout)
    const source = builder === "buildkit" ? "stderr" : "stdout"
    fc.assert(
      fc.property(
        fc.array(fc.nat(whole.length)),
        fc.array(fc.tuple(fc.nat(whole.length - 1), fc.integer({ min: 128, max: 255 }))),
        (cuts, broken) => {
          const bytes = whole.slice()
          for (const [at, byte] of broken) bytes[at] = byte
          const ends = [0, ...[...cuts].sort((a, b) => a - b), bytes.length]
          const pieces = ends.slice(1).map((
            end,
            index
          ) => ({ source, bytes: bytes.subarray(ends[index], end) } as const))
          assert.deepStrictEqual(
            readers[builder](linesOf(pieces)).events,
            readers[builder](linesOf([{ source, bytes }])).events
          )
        }
      ),
      { numRuns: 50 }
    )
  })
})
