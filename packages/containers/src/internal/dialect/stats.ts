import * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import type { Stats } from "../../ContainerInfo.js"

const units = ["", "k", "m", "g", "t", "p", "e", "z", "y"]

/** Placeholder of Docker's client for an unknown value. */
const unknown = "--"

/**
 * Parses a size of Docker's client in bytes, such as `1.5MiB`, `12kB` or `0B`.
 */
export const parseSize = (text: string): Option.Option<number> => {
  if (text.trim() === unknown) return Option.some(0)
  const [, number, unit, binary] = /^(\d+(?:\.\d+)?(?:e\+?\d+)?)\s*([kmgtpezy]?)(i?)b$/i.exec(text.trim()) ?? []
  if (number === undefined || unit === undefined) return Option.none()
  const factor = (binary === "" ? 1000 : 1024) ** units.indexOf(unit.toLowerCase())
  return Option.some(Math.round(Number(number) * factor))
}

const parsed = <A>(
  noun: string,
  schema: Schema.Schema<A>,
  parse: (text: string) => Option.Option<A>,
  print: (value: A) => string
) =>
  Schema.transformOrFail(Schema.String, schema, {
    strict: true,
    decode: (text, _, ast) =>
      Option.match(parse(text), {
        onNone: () => ParseResult.fail(new ParseResult.Type(ast, text, `${JSON.stringify(text)} is not a ${noun}`)),
        onSome: ParseResult.succeed
      }),
    encode: (value) => ParseResult.succeed(print(value))
  })

const Sizes = parsed(
  "pair of sizes",
  Schema.Tuple(Schema.Number, Schema.Number),
  (text) => {
    const [first, second, ...rest] = text.split("/").map(parseSize)
    return first === undefined || second === undefined || rest.length > 0
      ? Option.none()
      : Option.all([first, second])
  },
  (sizes) => sizes.map((size) => `${size}B`).join(" / ")
)

const parseNumber = (pattern: RegExp) => (text: string) =>
  text.trim() === unknown
    ? Option.some(0)
    : Option.map(Option.fromNullable(pattern.exec(text.trim())?.[1]), Number)

const Percentage = parsed("percentage", Schema.Number, parseNumber(/^(\d+(?:\.\d+)?)%$/), (value) => `${value}%`)

const Count = parsed("count", Schema.Number, parseNumber(/^(\d+)$/), String)

const Docker = Schema.Struct({
  CPUPerc: Percentage,
  MemUsage: Sizes,
  NetIO: Sizes,
  BlockIO: Sizes,
  PIDs: Count
})

const Podman = Schema.Struct({
  CPU: Schema.Number,
  CPUNano: Schema.Number,
  MemUsage: Schema.Number,
  MemLimit: Schema.Number,
  NetInput: Schema.optional(Schema.Number),
  NetOutput: Schema.optional(Schema.Number),
  // Replaces the two fields from version 5 on.
  Network: Schema.optional(Schema.NullOr(Schema.Record({
    key: Schema.String,
    value: Schema.Struct({ RxBytes: Schema.Number, TxBytes: Schema.Number })
  }))),
  BlockInput: Schema.Number,
  BlockOutput: Schema.Number,
  PIDs: Schema.Number
})

const decodeLine = Schema.decodeEither(Schema.parseJson(Schema.Union(Docker, Podman)))

/**
 * Decodes one sample.
 */
export const decode = (line: string): Either.Either<Stats, ParseResult.ParseError> =>
  Either.map(decodeLine(line), (sample) => "CPUPerc" in sample ? ofDocker(sample) : ofPodman(sample))

const ofDocker = ({ BlockIO, CPUPerc, MemUsage, NetIO, PIDs }: typeof Docker.Type): Stats => ({
  cpu: CPUPerc / 100,
  cpuTime: Option.none(),
  memory: { used: MemUsage[0], limit: MemUsage[1] },
  network: { received: NetIO[0], sent: NetIO[1] },
  blockDevices: { read: BlockIO[0], written: BlockIO[1] },
  processes: PIDs
})

const ofPodman = (sample: typeof Podman.Type): Stats => {
  const interfaces = Object.values(sample.Network ?? {})
  return {
    cpu: sample.CPU / 100,
    cpuTime: Option.some(Duration.nanos(BigInt(Math.round(sample.CPUNano)))),
    memory: { used: sample.MemUsage, limit: sample.MemLimit },
    network: {
      received: interfaces.reduce((sum, { RxBytes }) => sum + RxBytes, sample.NetInput ?? 0),
      sent: interfaces.reduce((sum, { TxBytes }) => sum + TxBytes, sample.NetOutput ?? 0)
    },
    blockDevices: { read: sample.BlockInput, written: sample.BlockOutput },
    processes: sample.PIDs
  }
}
