import * as Either from "effect/Either"

/** Whether a code point belongs to a class. */
type Test = (code: number) => boolean

type Node =
  | { readonly _tag: "Begin" }
  | { readonly _tag: "One"; readonly test: Test; readonly repeat: "" | "*" | "?" }
  // (.*/)?
  | { readonly _tag: "Directories" }

interface Atom {
  readonly test: Test
  readonly end: number
}

const code = (char: string): number => char.codePointAt(0) ?? 0

const equals = (char: string): Test => (other) => other === code(char)

const inRanges = (ranges: string): Test => {
  const codes = Array.from(ranges, code)
  return (other) => codes.some((first, index) => index % 2 === 0 && other >= first && other <= (codes[index + 1] ?? -1))
}

const not = (test: Test): Test => (other) => !test(other)

const escapes: Readonly<Record<string, Test>> = {
  a: equals("\u0007"),
  f: equals("\f"),
  n: equals("\n"),
  r: equals("\r"),
  t: equals("\t"),
  v: equals("\v"),
  d: inRanges("09"),
  D: not(inRanges("09")),
  s: inRanges("\t\n\f\r  "),
  S: not(inRanges("\t\n\f\r  ")),
  w: inRanges("09AZ__az"),
  W: not(inRanges("09AZ__az"))
}

const posix: Readonly<Record<string, string>> = {
  alnum: "09AZaz",
  alpha: "AZaz",
  ascii: "\0\u007f",
  blank: "\t\t  ",
  cntrl: "\0\u001f\u007f\u007f",
  digit: "09",
  graph: "!~",
  lower: "az",
  print: " ~",
  punct: "!/:@[`{~",
  space: "\t\r  ",
  upper: "AZ",
  word: "09AZ__az",
  xdigit: "09AFaf"
}

const unknown = (what: string) => Either.left(`"${what}" is not understood`)

/** What follows a backslash: a class, or a character that stands for itself. */
const escaped = (chars: ReadonlyArray<string>, at: number): Either.Either<Atom, string> => {
  const char = chars[at]
  if (char === undefined) return Either.left("it ends with a backslash")
  const test = Object.hasOwn(escapes, char) ? escapes[char] : undefined
  if (test !== undefined) return Either.right({ test, end: at + 1 })
  return /^[A-Za-z0-9]$/.test(char) ? unknown(`\\${char}`) : Either.right({ test: equals(char), end: at + 1 })
}

const posixClass = (chars: ReadonlyArray<string>, at: number): Either.Either<Atom, string> | undefined => {
  const [, inverse, name = ""] = /^\[:(\^?)([a-z]+):\]/.exec(chars.slice(at, at + 12).join("")) ?? []
  if (inverse === undefined) return undefined
  const ranges = Object.hasOwn(posix, name) ? posix[name] : undefined
  if (ranges === undefined) return unknown(`[:${name}:]`)
  const test = inRanges(ranges)
  return Either.right({ test: inverse === "^" ? not(test) : test, end: at + inverse.length + name.length + 4 })
}

/** A character of a class, or a class within it, or a range of characters. */
const item = (chars: ReadonlyArray<string>, at: number): Either.Either<Atom, string> => {
  const inner = posixClass(chars, at)
  if (inner !== undefined) return inner
  const single = (at: number): Either.Either<readonly [number | undefined, Atom], string> => {
    const char = chars[at]
    if (char === undefined) return Either.left("a class is not closed")
    if (char !== "\\") return Either.right([code(char), { test: equals(char), end: at + 1 }])
    const next = chars[at + 1] ?? ""
    return Either.map(escaped(chars, at + 1), (atom) => [/^[A-Za-z0-9]$/.test(next) ? undefined : code(next), atom])
  }
  return Either.flatMap(single(at), ([low, atom]) => {
    if (chars[atom.end] !== "-" || chars[atom.end + 1] === "]" || low === undefined) return Either.right(atom)
    return Either.flatMap(single(atom.end + 1), ([high, { end }]) =>
      high === undefined || high < low
        ? Either.left("the range of a class is upside down")
        : Either.right({ test: (other: number) => other >= low && other <= high, end }))
  })
}

/** From after the bracket that opens it. */
const charClass = (chars: ReadonlyArray<string>, from: number): Either.Either<Atom, string> => {
  const inverse = chars[from] === "^"
  const tests: Array<Test> = []
  let at = inverse ? from + 1 : from
  for (let first = true; first || chars[at] !== "]"; first = false) {
    const next = item(chars, at)
    if (Either.isLeft(next)) return next
    tests.push(next.right.test)
    at = next.right.end
  }
  const test: Test = (other) => tests.some((test) => test(other))
  return Either.right({ test: inverse ? not(test) : test, end: at + 1 })
}

const directories = Array.from("(.*/)?")

/** Go's `.`, which is no line end. */
const anyOne = not(equals("\n"))

const atomAt = (chars: ReadonlyArray<string>, at: number): Either.Either<Atom, string> => {
  const char = chars[at] ?? ""
  if (char === "\\") return escaped(chars, at + 1)
  if (char === "[") return charClass(chars, at + 1)
  return Either.right({ test: char === "." ? anyOne : equals(char), end: at + 1 })
}

const parse = (expression: string): Either.Either<ReadonlyArray<Node>, string> => {
  const chars = Array.from(expression)
  const nodes: Array<Node> = []
  let at = 0
  while (at < chars.length) {
    if (directories.every((char, index) => chars[at + index] === char)) {
      nodes.push({ _tag: "Directories" })
      at += directories.length
    } else if (chars[at] === "^") {
      nodes.push({ _tag: "Begin" })
      at++
    } else {
      const atom = atomAt(chars, at)
      if (Either.isLeft(atom)) return Either.left(atom.left)
      const { end, test } = atom.right
      const repeat = chars[end] === "*" || chars[end] === "?" ? chars[end] : ""
      nodes.push({ _tag: "One", test, repeat })
      at = end + repeat.length
    }
  }
  return Either.right(nodes)
}

const slash = code("/")

/**
 * Compiles the part of Go's regular expressions that patterns are translated
 * to, for whole texts. All ways through it are followed at the same time, so
 * that no text takes longer than its length times that of the expression.
 *
 * https://pkg.go.dev/regexp/syntax@go1.23.5
 */
export const compile = (expression: string): Either.Either<(text: string) => boolean, string> =>
  Either.map(parse(expression), (nodes) => (text) => {
    // A state is before the node of that number; within directories it is that of the node, and half.
    let states = new Set<number>()
    const enter = (target: Set<number>, state: number, position: number): void => {
      if (target.has(state)) return
      target.add(state)
      const node = nodes[state]
      if (node === undefined) return
      if (node._tag === "Begin" ? position === 0 : node._tag === "Directories" || node.repeat !== "") {
        enter(target, state + 1, position)
      }
    }
    enter(states, 0, 0)
    let position = 0
    for (const char of text) {
      position++
      const current = code(char)
      const next = new Set<number>()
      for (const state of states) {
        const node = nodes[Math.floor(state)]
        if (node === undefined || node._tag === "Begin") continue
        if (node._tag === "Directories") {
          if (anyOne(current)) next.add(Math.floor(state) + 0.5)
          if (current === slash) enter(next, Math.floor(state) + 1, position)
        } else if (node.test(current)) {
          enter(next, node.repeat === "*" ? state : state + 1, position)
        }
      }
      states = next
    }
    return states.has(nodes.length)
  })
