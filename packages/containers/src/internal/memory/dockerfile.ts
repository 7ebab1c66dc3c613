import * as Either from "effect/Either"

/**
 * An instruction of a Dockerfile, on one line.
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

/** The lines without comments, those that end with a backslash joined to the next. */
const logicalLines = (text: string) => {
  const lines: Array<{ readonly number: number; readonly text: string }> = []
  let begun: { readonly number: number; readonly text: string } | undefined
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (isComment(line) || line.trim() === "") continue
    const current = { number: begun?.number ?? index + 1, text: (begun?.text ?? "") + line }
    if (/\\\s*$/.test(line)) {
      begun = { ...current, text: current.text.replace(/\\\s*$/, "") }
    } else {
      lines.push(current)
      begun = undefined
    }
  }
  return begun === undefined ? lines : [...lines, begun]
}

/**
 * The instructions, or what is wrong with them. It is no more than what an
 * engine without processes needs: there are no heredocs.
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
 * The image or stage that a stage is built from, and what the stage is called.
 *
 * @internal
 */
export const stageOf = ({ rest }: Instruction): { readonly base: string; readonly name: string | undefined } => {
  const [base = "", as, name] = rest.split(/\s+/).filter((word) => !word.startsWith("--"))
  return { base, name: as?.toUpperCase() === "AS" ? name : undefined }
}

/**
 * The labels of a LABEL instruction.
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
