import * as Either from "effect/Either"
import * as ByteSize from "../../ByteSize.js"
import { parseCsv } from "./csv.js"
import { excerpt, reason } from "./text.js"

type Type = "bind" | "volume" | "tmpfs"

type Fields = Readonly<Record<string, unknown>>

type Parsed = Either.Either<Fields, string>

const tags = { bind: "Bind", volume: "Volume", tmpfs: "Tmpfs" }

const isType = (text: string): text is Type => Object.hasOwn(tags, text)

const propagations: ReadonlyArray<string> = ["private", "rprivate", "shared", "rshared", "slave", "rslave"]

interface Option {
  readonly key: string
  /** Mount type of the option. Default: all types. */
  readonly only?: Type
  readonly read: (value: string | undefined) => Parsed
}

const text = (name: string, key: string): Option => ({
  key,
  read: (value) => value === undefined ? Either.left(`${key} has no value`) : Either.right({ [name]: value })
})

const flag = (name: string, key: string, only?: Type): Option => ({
  key,
  ...only !== undefined && { only },
  read: (value) => {
    if (value === undefined || value === "true" || value === "1") return Either.right({ [name]: true })
    if (value === "false" || value === "0") return Either.right({ [name]: false })
    return Either.left(`the value ${excerpt(value)} of ${key} is not true or false`)
  }
})

const oneOf = (name: string, key: string, only: Type, values: ReadonlyArray<string>): Option => ({
  key,
  only,
  read: (value = "") =>
    values.includes(value)
      ? Either.right({ [name]: value })
      : Either.left(`the value ${excerpt(value)} of ${key} is not one of ${values.join(", ")}`)
})

const options: ReadonlyArray<Option> = [
  text("source", "source"),
  text("source", "src"),
  text("target", "target"),
  text("target", "destination"),
  text("target", "dst"),
  flag("readOnly", "readonly"),
  flag("readOnly", "ro"),
  flag("noCopy", "volume-nocopy", "volume"),
  oneOf("propagation", "bind-propagation", "bind", propagations),
  oneOf("selinux", "relabel", "bind", ["shared", "private"]),
  { key: "consistency", read: () => Either.right({}) },
  {
    key: "tmpfs-size",
    only: "tmpfs",
    // Docker ignores a size of 0.
    read: (value = "") =>
      Either.mapBoth(ByteSize.parse(value), { onLeft: reason, onRight: (size) => size === 0 ? {} : { size } })
  },
  {
    key: "tmpfs-mode",
    only: "tmpfs",
    read: (value = "") =>
      /^[0-7]+$/.test(value)
        ? Either.right({ mode: parseInt(value, 8) })
        : Either.left(`the value ${excerpt(value)} of tmpfs-mode is not an octal number`)
  }
]

const keyValue = (field: string): readonly [key: string, value: string | undefined] => {
  const end = field.indexOf("=")
  return end === -1 ? [field.toLowerCase(), undefined] : [field.slice(0, end).toLowerCase(), field.slice(end + 1)]
}

const field = (type: Type, key: string, value: string | undefined): Parsed => {
  const option = options.find((option) => option.key === key)
  if (option === undefined) return Either.left(`${excerpt(key)} is not an option of a mount`)
  if (option.only !== undefined && option.only !== type) {
    return Either.left(`${key} is not an option of a ${type} mount`)
  }
  return option.read(value)
}

const merge = (parsed: Iterable<Parsed>, start: Fields): Parsed =>
  Either.map(Either.all(parsed), (all) => all.reduce((fields, more) => ({ ...fields, ...more }), start))

const require = (fields: Fields, name: string): Parsed =>
  name in fields ? Either.right(fields) : Either.left(`there is no ${name}`)

/** Parses the value of `--mount` into encoded fields. */
export const parseMountFlag = (value: string): Parsed =>
  Either.gen(function*() {
    const pairs = (yield* parseCsv(value)).map(keyValue)
    const type = pairs.reduce((last, [key, value = ""]) => key === "type" ? value.toLowerCase() : last, "volume")
    if (!isType(type)) return yield* Either.left(`the type ${excerpt(type)} is not bind, volume or tmpfs`)
    const fields = yield* merge(
      pairs.flatMap(([key, value]) => key === "type" ? [] : [field(type, key, value)]),
      { _tag: tags[type] }
    )
    if (type === "tmpfs" && "source" in fields) return yield* Either.left("a tmpfs has no source")
    return yield* Either.flatMap(
      require(fields, "target"),
      (fields) => type === "bind" ? require(fields, "source") : Either.right(fields)
    )
  })

const ignored: ReadonlyArray<string> = ["cached", "delegated", "consistent"]

const shortOption = (isPath: boolean, option: string): Parsed => {
  if (option === "ro" || option === "rw") return Either.right({ readOnly: option === "ro" })
  if (option === "z" || option === "Z") return Either.right({ selinux: option === "z" ? "shared" : "private" })
  if (option === "nocopy" && !isPath) return Either.right({ noCopy: true })
  if (propagations.includes(option) && isPath) return Either.right({ propagation: option })
  if (ignored.includes(option) && isPath) return Either.right({})
  return Either.left(`${excerpt(option)} is not an option of a ${isPath ? "bind mount" : "volume"}`)
}

/** Parses the value of `--volume` into encoded fields. */
export const parseVolumeFlag = (value: string): Parsed =>
  Either.gen(function*() {
    const [drive] = /^(?:[A-Za-z]:(?=[\\/]))?/.exec(value) ?? [""]
    const [head, target, mode, ...rest] = value.slice(drive.length).split(":")
    const source = drive + head
    if (rest.length > 0) return yield* Either.left("it has more than three parts between colons")
    if (source === "" || target === "" || mode === "") return yield* Either.left("a part between colons is empty")
    if (target === undefined) return { _tag: "Volume", target: source }
    const isPath = drive !== "" || /^[/.~\\]/.test(source)
    const modes = mode === undefined ? [] : mode.split(",")
    if (modes.includes("ro") && modes.includes("rw")) return yield* Either.left("it is both ro and rw")
    return yield* merge(
      modes.map((option) => shortOption(isPath, option)),
      isPath ? { _tag: "Bind", source, target, createSource: true } : { _tag: "Volume", source, target }
    )
  })
