import * as Either from "effect/Either"

/** Tests whether a code point belongs to a class. */
type Test = (code: number) => boolean

/** Zero-width condition between two code points; `undefined` at either end of the text. */
type Condition = (before: number | undefined, after: number | undefined) => boolean

type Node =
  | { readonly _tag: "Between"; readonly holds: Condition }
  | { readonly _tag: "One"; readonly test: Test; readonly repeat: "" | "*" | "?" }
  // (.*/)?
  | { readonly _tag: "Directories" }

interface Atom {
  readonly test: Test
  /** Code point, unless the atom is a class. */
  readonly code?: number
  readonly end: number
}

const code = (char: string): number => char.codePointAt(0) ?? 0

const equals = (char: string): Test => (other) => other === code(char)

const inRanges = (ranges: string): Test => {
  const codes = Array.from(ranges, code)
  return (other) => codes.some((first, index) => index % 2 === 0 && other >= first && other <= (codes[index + 1] ?? -1))
}

const not = (test: Test): Test => (other) => !test(other)

const classes: Readonly<Record<string, Test>> = {
  d: inRanges("09"),
  D: not(inRanges("09")),
  s: inRanges("\t\n\f\r  "),
  S: not(inRanges("\t\n\f\r  ")),
  w: inRanges("09AZ__az"),
  W: not(inRanges("09AZ__az"))
}

const controls: Readonly<Record<string, number>> = { a: 7, f: 12, n: 10, r: 13, t: 9, v: 11 }

const isWord = inRanges("09AZ__az")

const isWordAt = (code: number | undefined): boolean => code !== undefined && isWord(code)

const conditions: Readonly<Record<string, Condition>> = {
  A: (before) => before === undefined,
  z: (_, after) => after === undefined,
  b: (before, after) => isWordAt(before) !== isWordAt(after),
  B: (before, after) => isWordAt(before) === isWordAt(after)
}

/** General categories by letter. Unassigned code points are in none of Go's categories. */
const categories: Readonly<Record<string, RegExp>> = {
  C: /^[\p{Cc}\p{Cf}\p{Co}\p{Cs}]$/u,
  L: /^\p{L}$/u,
  M: /^\p{M}$/u,
  N: /^\p{N}$/u,
  P: /^\p{P}$/u,
  S: /^\p{S}$/u,
  Z: /^\p{Z}$/u
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

const unknown = (what: string) => Either.left(`"${what}" is not supported`)

const codeAtom = (code: number, end: number): Either.Either<Atom, string> =>
  Either.right({ test: (other) => other === code, code, end })

const takeWhile = (chars: ReadonlyArray<string>, at: number, most: number, test: RegExp): string => {
  let taken = ""
  while (taken.length < most && test.test(chars[at + taken.length] ?? "")) taken += chars[at + taken.length]
  return taken
}

/** `\x41`, from after the letter. Braces, as in `\x{41}`, are escaped in patterns and therefore literal here. */
const hexadecimal = (chars: ReadonlyArray<string>, at: number): Either.Either<Atom, string> => {
  const digits = takeWhile(chars, at, 2, /^[0-9A-Fa-f]$/)
  return digits.length === 2 ? codeAtom(Number.parseInt(digits, 16), at + 2) : unknown(`\\x${digits}`)
}

/** `\pL` and `\PL`, from the letter on. */
const unicodeClass = (chars: ReadonlyArray<string>, at: number): Either.Either<Atom, string> => {
  const name = chars[at + 1] ?? ""
  const category = Object.hasOwn(categories, name) ? categories[name] : undefined
  if (category === undefined) return unknown(`\\${chars[at]}${name}`)
  const test: Test = (other) => category.test(String.fromCodePoint(other))
  return Either.right({ test: chars[at] === "P" ? not(test) : test, end: at + 2 })
}

/** Escape sequence after the backslash: a class or a character. */
const escaped = (chars: ReadonlyArray<string>, at: number): Either.Either<Atom, string> => {
  const char = chars[at]
  if (char === undefined) return Either.left("it ends with a backslash")
  const test = Object.hasOwn(classes, char) ? classes[char] : undefined
  if (test !== undefined) return Either.right({ test, end: at + 1 })
  const control = Object.hasOwn(controls, char) ? controls[char] : undefined
  if (control !== undefined) return codeAtom(control, at + 1)
  if (char === "p" || char === "P") return unicodeClass(chars, at)
  if (char === "x") return hexadecimal(chars, at + 1)
  const octal = takeWhile(chars, at, 3, /^[0-7]$/)
  // Go has no backreferences: a single digit other than zero is an error.
  if (octal === "0" || octal.length > 1) return codeAtom(Number.parseInt(octal, 8), at + octal.length)
  return /^[A-Za-z0-9]$/.test(char) ? unknown(`\\${char}`) : codeAtom(code(char), at + 1)
}

const posixClass = (chars: ReadonlyArray<string>, at: number): Either.Either<Atom, string> | undefined => {
  const [, inverse, name = ""] = /^\[:(\^?)([a-z]+):\]/.exec(chars.slice(at, at + 12).join("")) ?? []
  if (inverse === undefined) return undefined
  const ranges = Object.hasOwn(posix, name) ? posix[name] : undefined
  if (ranges === undefined) return unknown(`[:${name}:]`)
  const test = inRanges(ranges)
  return Either.right({ test: inverse === "^" ? not(test) : test, end: at + inverse.length + name.length + 4 })
}

/** Item of a class: a character, a nested class, or a range. */
const item = (chars: ReadonlyArray<string>, at: number): Either.Either<Atom, string> => {
  const inner = posixClass(chars, at)
  if (inner !== undefined) return inner
  const single = (at: number): Either.Either<Atom, string> => {
    const char = chars[at]
    if (char === undefined) return Either.left("a class is not closed")
    return char === "\\" ? escaped(chars, at + 1) : codeAtom(code(char), at + 1)
  }
  return Either.flatMap(single(at), (atom) => {
    const low = atom.code
    if (chars[atom.end] !== "-" || chars[atom.end + 1] === "]" || low === undefined) return Either.right(atom)
    return Either.flatMap(single(atom.end + 1), ({ code: high, end }) =>
      high === undefined || high < low
        ? Either.left("a range of a class is reversed")
        : Either.right({ test: (other: number) => other >= low && other <= high, end }))
  })
}

/** Character class, from after the opening bracket. */
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

/** Go's `.`, which does not match a line end. */
const anyOne = not(equals("\n"))

const atomAt = (chars: ReadonlyArray<string>, at: number): Either.Either<Atom, string> => {
  const char = chars[at] ?? ""
  if (char === "\\") return escaped(chars, at + 1)
  if (char === "[") return charClass(chars, at + 1)
  return Either.right({ test: char === "." ? anyOne : equals(char), end: at + 1 })
}

const begin = { _tag: "Between", holds: (before: number | undefined) => before === undefined } as const

/** End of the text quoted by `\Q`: at `\E`, or the end of the expression. */
const endOfQuote = (chars: ReadonlyArray<string>, from: number): number => {
  let at = from
  while (at < chars.length && !(chars[at] === "\\" && chars[at + 1] === "E")) at++
  return at
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
      nodes.push(begin)
      at++
    } else if (chars[at] === "\\" && chars[at + 1] === "Q") {
      const close = endOfQuote(chars, at + 2)
      for (const char of chars.slice(at + 2, close)) nodes.push({ _tag: "One", test: equals(char), repeat: "" })
      at = close + 2
    } else if (chars[at] === "\\" && Object.hasOwn(conditions, chars[at + 1] ?? "")) {
      nodes.push({ _tag: "Between", holds: conditions[chars[at + 1] ?? ""] ?? begin.holds })
      at += 2
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
 * Compiles the subset of Go's regular expressions that patterns are translated to, for matching whole texts. All
 * alternatives are followed in parallel, so matching takes at most the product of both lengths.
 *
 * https://pkg.go.dev/regexp/syntax@go1.23.5
 */
export const compile = (expression: string): Either.Either<(text: string) => boolean, string> =>
  Either.map(parse(expression), (nodes) => (text) => {
    const codes = Array.from(text, code)
    // A state is the index of the next node, plus 0.5 within a `Directories` node.
    let states = new Set<number>()
    const enter = (target: Set<number>, first: number, position: number): void => {
      // A state leads only to the next one, so a visited state needs no second visit.
      for (let state = first; !target.has(state); state++) {
        target.add(state)
        const node = nodes[state]
        if (node === undefined) return
        const isPassed = node._tag === "Between"
          ? node.holds(codes[position - 1], codes[position])
          : node._tag === "Directories" || node.repeat !== ""
        if (!isPassed) return
      }
    }
    enter(states, 0, 0)
    for (const [index, current] of codes.entries()) {
      const position = index + 1
      const next = new Set<number>()
      for (const state of states) {
        const node = nodes[Math.floor(state)]
        if (node === undefined || node._tag === "Between") continue
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
