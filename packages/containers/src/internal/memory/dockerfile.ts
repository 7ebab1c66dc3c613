import * as Either from "effect/Either"

/**
 * Instruction of a Dockerfile on one line.
 *
 * @internal
 */
export interface Instruction {
  readonly name: string
  readonly rest: string
  readonly text: string
}

// https://github.com/moby/buildkit/blob/v0.22.0/frontend/dockerfile/command/command.go
const names = new Set([
  "ADD",
  "ARG",
  "CMD",
  "COPY",
  "ENTRYPOINT",
  "ENV",
  "EXPOSE",
  "FROM",
  "HEALTHCHECK",
  "LABEL",
  "MAINTAINER",
  "ONBUILD",
  "RUN",
  "SHELL",
  "STOPSIGNAL",
  "USER",
  "VOLUME",
  "WORKDIR"
])

const isComment = (line: string) => /^\s*#/.test(line)

/** Lines without comments. Joins a line that ends with a backslash to the next one. */
const logicalLines = (text: string) => {
  const lines: Array<{ readonly number: number; readonly text: string }> = []
  let unfinished: { readonly number: number; readonly text: string } | undefined
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (isComment(line) || line.trim() === "") continue
    const current = { number: unfinished?.number ?? index + 1, text: (unfinished?.text ?? "") + line }
    if (/\\\s*$/.test(line)) {
      unfinished = { ...current, text: current.text.replace(/\\\s*$/, "") }
    } else {
      lines.push(current)
      unfinished = undefined
    }
  }
  return unfinished === undefined ? lines : [...lines, unfinished]
}

/**
 * Parses the instructions of a Dockerfile. Fails with the message of a syntax
 * error. Heredocs are not supported.
 *
 * @internal
 */
export const parse = (text: string): Either.Either<ReadonlyArray<Instruction>, string> => {
  const instructions: Array<Instruction> = []
  for (const line of logicalLines(text)) {
    const [name = ""] = /\S+/.exec(line.text) ?? []
    const rest = line.text.trimStart().slice(name.length)
    if (!names.has(name.toUpperCase())) {
      return Either.left(`dockerfile parse error on line ${line.number}: unknown instruction: ${name}`)
    }
    instructions.push({ name: name.toUpperCase(), rest: rest.trim(), text: `${name.toUpperCase()} ${rest.trim()}` })
  }
  if (instructions.length === 0) return Either.left("the Dockerfile cannot be empty")
  return instructions.find(({ name }) => name !== "ARG")?.name === "FROM"
    ? Either.right(instructions)
    : Either.left("no build stage in current context")
}

/**
 * Base of a stage, an image or another stage, and the name of the stage.
 *
 * @internal
 */
export const stageOf = ({ rest }: Instruction): { readonly base: string; readonly name: string | undefined } => {
  const [base = "", as, name] = rest.split(/\s+/).filter((word) => !word.startsWith("--"))
  return { base, name: as?.toUpperCase() === "AS" ? name : undefined }
}

/**
 * Labels of a LABEL instruction.
 *
 * @internal
 */
export const labelsOf = (rest: string): Readonly<Record<string, string>> => {
  const unquoted = (text: string) => text.replace(/^"([^]*)"$/, "$1").replaceAll("\\\"", "\"")
  return Object.fromEntries(
    Array.from(
      rest.matchAll(/("(?:[^"\\]|\\.)*"|(?<![^\s="])[^\s="]+)=("(?:[^"\\]|\\.)*"|[^\s"]*)/g),
      ([, key = "", value = ""]) => [unquoted(key), unquoted(value)]
    )
  )
}
