import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Digest from "../../Digest.js"
import { isAlphanumeric, isDecimal, isHex, isLetterOrDigit, isLowerHex, isUpper, isWord, skip } from "./text.js"

export type Reason =
  | "Empty"
  | "InvalidFormat"
  | "UppercaseName"
  | "NameTooLong"
  | "TagTooLong"
  | "InvalidDigest"
  | "ImageId"

export interface Failure {
  readonly position: number
  readonly reason: Reason
  readonly rule: string
}

export interface Authority {
  readonly host: string
  readonly port: Option.Option<string>
}

export interface Parts {
  readonly domain: Option.Option<Authority>
  readonly path: string
  readonly tag: Option.Option<string>
  readonly digest: Option.Option<Digest.Digest>
}

type Scan<A> = Either.Either<A, Failure>

const fail = (position: number, reason: Reason, rule: string): Either.Either<never, Failure> =>
  Either.left({ position, reason, rule })

const rules = {
  component: "a part of a repository name begins with a lower-case letter or a digit",
  separator: "in a repository name one \".\", one or two \"_\", or any number of \"-\" stand between letters or digits",
  upper: "a repository name is in lower case",
  after: "after a repository name only \"/\", \":\" with a tag, or \"@\" with a digest can follow",
  label: "a part of a domain begins and ends with a letter or a digit, with \"-\" allowed between",
  ipv6: "an IPv6 address is hexadecimal digits and \":\" between \"[\" and \"]\"",
  brackets: "an IPv6 address needs brackets, like \"[::1]:5000\"",
  port: "a \":\" before the first \"/\" introduces a port, which is decimal digits",
  scheme: "a reference has no scheme: remove the text up to and including \"//\"",
  tagStart: "a tag begins with a letter, a digit or \"_\"",
  tag: "a tag has only letters, digits, \"_\", \".\" and \"-\"",
  tagLength: "a tag has at most 128 characters",
  length: "a repository name has at most 255 characters, including the \"library/\" that Docker adds",
  imageId: "64 hexadecimal digits alone are an image id, not a repository name"
}

const dot = 0x2E
const dash = 0x2D
const underscore = 0x5F
const slash = 0x2F
const colon = 0x3A
const at = 0x40

/** End of the path component at `from`. */
const scanComponent = (input: string, from: number): Scan<number> => {
  let i = from
  while (true) {
    const end = skip(input, i, isAlphanumeric)
    const next = input.charCodeAt(end)
    if (isUpper(next)) return fail(end, "UppercaseName", rules.upper)
    if (end === i) return fail(end, "InvalidFormat", i === from ? rules.component : rules.separator)
    if (next === dot) i = end + 1
    else if (next === underscore) i = end + (input.charCodeAt(end + 1) === underscore ? 2 : 1)
    else if (next === dash) i = skip(input, end, (code) => code === dash)
    else return Either.right(end)
  }
}

/** End of the path at `from`, followed by the end of the input, a tag or a digest. */
const scanPath = (input: string, from: number): Scan<number> => {
  let i = from
  while (true) {
    const end = scanComponent(input, i)
    if (Either.isLeft(end)) return end
    const next = input.charCodeAt(end.right)
    if (next === slash) i = end.right + 1
    else if (end.right === input.length || next === colon || next === at) return end
    else return fail(end.right, "InvalidFormat", rules.after)
  }
}

const scanHost = (text: string): Scan<number> => {
  if (text.startsWith("[")) {
    const end = skip(text, 1, (code) => isHex(code) || code === colon)
    return end > 1 && text[end] === "]" ? Either.right(end + 1) : fail(end, "InvalidFormat", rules.ipv6)
  }
  let i = 0
  while (true) {
    const end = skip(text, i, (code) => isLetterOrDigit(code) || code === dash)
    if (end === i) return fail(i, "InvalidFormat", rules.label)
    if (text.charCodeAt(i) === dash) return fail(i, "InvalidFormat", rules.label)
    if (text.charCodeAt(end - 1) === dash) return fail(end - 1, "InvalidFormat", rules.label)
    if (text.charCodeAt(end) !== dot) return Either.right(end)
    i = end + 1
  }
}

/** Parses a whole text as a domain with an optional port. */
export const scanDomain = (text: string): Scan<Authority> => {
  const end = scanHost(text)
  if (Either.isLeft(end)) return Either.left(end.left)
  const host = text.slice(0, end.right)
  if (end.right === text.length) return Either.right({ host, port: Option.none() })
  if (text.charCodeAt(end.right) !== colon) return fail(end.right, "InvalidFormat", rules.label)
  const portEnd = skip(text, end.right + 1, isDecimal)
  if (portEnd === text.length && portEnd > end.right + 1) {
    return Either.right({ host, port: Option.some(text.slice(end.right + 1)) })
  }
  return fail(portEnd, "InvalidFormat", text.indexOf(":", end.right + 1) === -1 ? rules.port : rules.brackets)
}

const isPath = (text: string): boolean =>
  Either.match(scanComponent(text, 0), { onLeft: () => false, onRight: (end) => end === text.length })

/** Docker's rule for the component before the first slash. */
export const looksLikeDomain = (head: string): boolean =>
  head === "localhost" || head.includes(".") || head.includes(":") || head.toLowerCase() !== head

interface Head {
  readonly domain: Option.Option<Authority>
  /** Position of the path. */
  readonly path: number
}

const scanHead = (input: string): Scan<Head> => {
  const end = input.indexOf("/")
  const head = input.slice(0, Math.max(end, 0))
  const noDomain = Either.right({ domain: Option.none(), path: 0 })
  if (end === -1 || !looksLikeDomain(head)) return noDomain
  const domain = scanDomain(head)
  if (Either.isRight(domain)) return Either.right({ domain: Option.some(domain.right), path: end + 1 })
  // "my_host.com/a": "_" is valid in a path and not in a domain, and Docker reads it as a path.
  if (isPath(head)) return noDomain
  if (isPath(head.toLowerCase())) return fail(skip(head, 0, (code) => !isUpper(code)), "UppercaseName", rules.upper)
  if (input.startsWith("://", end - 1)) return fail(end - 1, "InvalidFormat", rules.scheme)
  return Either.left(domain.left)
}

/** Reports whether a domain is Docker Hub, where one-component paths are in `library/`. */
export const isDockerHub = (domain: Option.Option<Authority>): boolean =>
  Option.match(domain, {
    onNone: () => true,
    onSome: ({ host, port }) => Option.isNone(port) && (host === "docker.io" || host === "index.docker.io")
  })

/** Path with the `library/` that Docker adds. */
export const fullPath = ({ domain, path }: Pick<Parts, "domain" | "path">): string =>
  isDockerHub(domain) && !path.includes("/") ? `library/${path}` : path

/** End of the tag at `from`. */
const scanTag = (input: string, from: number): Scan<number> => {
  if (!isWord(input.charCodeAt(from))) return fail(from, "InvalidFormat", rules.tagStart)
  const end = skip(input, from, (code) => isWord(code) || code === dot || code === dash)
  return end - from > 128 ? fail(from + 128, "TagTooLong", rules.tagLength) : Either.right(end)
}

export const isTag = (text: string): boolean =>
  Either.match(scanTag(text, 0), { onLeft: () => false, onRight: (end) => end === text.length })

const scanDigest = (input: string, from: number): Scan<Digest.Digest> =>
  Either.mapLeft(Digest.parse(input.slice(from)), ({ position, rule }) => ({
    position: from + position,
    reason: "InvalidDigest",
    rule
  }))

export const isImageId = (input: string): boolean => input.length === 64 && skip(input, 0, isLowerHex) === 64

/** Parses a whole reference in linear time. */
export const scan = (input: string): Scan<Parts> =>
  Either.gen(function*() {
    if (input === "") return yield* fail(0, "Empty", "a reference has at least a repository name")
    if (isImageId(input)) return yield* fail(0, "ImageId", rules.imageId)
    const head = yield* scanHead(input)
    const pathEnd = yield* scanPath(input, head.path)
    const name = { domain: head.domain, path: input.slice(head.path, pathEnd) }
    if (fullPath(name).length > 255) return yield* fail(Math.min(head.path + 255, pathEnd), "NameTooLong", rules.length)
    const tagged = input.charCodeAt(pathEnd) === colon
    const tagEnd = tagged ? yield* scanTag(input, pathEnd + 1) : pathEnd
    if (tagEnd < input.length && input.charCodeAt(tagEnd) !== at) {
      return yield* fail(tagEnd, "InvalidFormat", rules.tag)
    }
    return {
      ...name,
      tag: tagged ? Option.some(input.slice(pathEnd + 1, tagEnd)) : Option.none(),
      digest: tagEnd < input.length ? Option.some(yield* scanDigest(input, tagEnd + 1)) : Option.none()
    }
  })
