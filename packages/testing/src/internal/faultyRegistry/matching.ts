import type { Request, Rule } from "../../FaultyRegistry.js"

const escaped = (text: string) =>
  text.replaceAll(/[.*+?^${}()|[\]\\]/g, (character) => character === "*" ? ".*" : `\\${character}`)

const hasHeader = (expected: string | RegExp | null, found: string | undefined) =>
  expected === null || found === undefined
    ? expected === null && found === undefined
    : typeof expected === "string"
    ? expected === found
    : expected.test(found)

/** @internal */
export type Matcher = (request: Request) => boolean

/**
 * Makes the predicate of a rule. Does not consider its number of times.
 *
 * @internal
 */
export const matcher = ({ headers = {}, query = {}, request }: Rule): Matcher => {
  const pattern = new RegExp(`^${escaped(request)}$`, "s")
  return (made) =>
    pattern.test(`${made.method} ${made.path}`) &&
    Object.entries(query).every(([name, expected]) =>
      expected === null ? made.query[name] === undefined : made.query[name]?.includes(expected) === true
    ) &&
    Object.entries(headers).every(([name, expected]) => hasHeader(expected, made.headers[name.toLowerCase()]))
}
