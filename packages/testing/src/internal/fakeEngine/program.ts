import * as Arr from "effect/Array"
import * as Duration from "effect/Duration"
import * as Order from "effect/Order"
import * as Predicate from "effect/Predicate"
import type { Answer, Script, Step } from "../../FakeEngine.js"
import { gone } from "./healthy.js"

/**
 * A client as a POSIX shell script, and the files that it reads.
 *
 * @internal
 */
export interface Program {
  readonly text: string
  /** File contents by name, relative to the directory of the client. */
  readonly files: ReadonlyMap<string, string | Uint8Array>
}

/**
 * Renders a script as a program. Each call claims a unique number by creating a
 * file exclusively, since calls run concurrently and may be killed at any time.
 *
 * @internal
 */
export const program = ({ answers, engine }: Script, directory: string): Program => {
  const files = new Map<string, string | Uint8Array>()
  const keep = (content: string | Uint8Array) => {
    const name = `${engine}-data-${files.size}`
    files.set(name, content)
    return quote(`${directory}/${name}`)
  }
  const byCommand = Object.entries(Arr.groupBy(answers, ({ command }) => command))
  const longestFirst = Arr.sortWith(byCommand, ([command]) => -command.split(" ").length, Order.number)
  const text = [
    "#!/bin/sh",
    "PATH=/usr/bin:/bin",
    `cd ${quote(directory)} || exit 70`,
    `claim() { n=0; until (set -C; echo "$$ ${engine}" >"$1-$n") 2>/dev/null; do n=$((n+1)); done; }`,
    "for argument in \"$@\"; do printf '%s\\0' \"$argument\"; done >arguments-$$",
    "claim call",
    `if [ -e gone ]; then echo ${quote(gone[engine].text)} >&2; exit ${gone[engine].exitCode}; fi`,
    "case \"$* \" in",
    ...longestFirst.flatMap(([command, answers], index) => [
      `${quote(`${command} `)}*)`,
      ...successive(answers, `${engine}-answer-${index}`, keep),
      ";;"
    ]),
    `*) echo "FakeEngine: no answer to \\"${engine} $*\\"; add one with FakeEngine.on" >&2; exit 64 ;;`,
    "esac"
  ].join("\n")
  return { text, files }
}

const successive = (
  answers: Arr.NonEmptyArray<Answer>,
  counter: string,
  keep: (content: string | Uint8Array) => string
): ReadonlyArray<string> => {
  const [first, ...more] = Arr.map(answers, ({ steps }) => steps.map((step) => shell(step, keep)).join("\n"))
  if (more.length === 0) return [first]
  const last = more.length
  return [
    `claim ${counter}`,
    "case $n in",
    ...[first, ...more].flatMap((text, index) => [`${index === last ? "*" : index})`, text, ";;"]),
    "esac"
  ]
}

const shell = (step: Step, keep: (content: string | Uint8Array) => string): string => {
  switch (step._tag) {
    case "Write":
      return `cat ${keep(step.content)}${redirect(step.to)}`
    case "Trickle":
      return trickle(step, keep(step.content))
    case "Flood":
      return `yes 'nothing in particular' | head -c ${step.bytes}${redirect(step.to)}`
    case "Close":
      return step.output === "stderr" ? "exec 2>&-" : "exec >&-"
    case "ReadStdin":
      return "cat >/dev/null"
    case "Wait":
      return `sleep ${seconds(step.duration)}`
    case "Hang":
      return "exec sleep 86400"
    case "Ignore":
      return `trap '' ${step.signal}`
    case "StopEngine":
      return ": >gone"
    case "Exit":
      return `exit ${step.code}`
    case "Die":
      return `kill -${step.signal} $$`
  }
}

const trickle = ({ content, every, piece, to }: Extract<Step, { readonly _tag: "Trickle" }>, file: string) => {
  const length = Predicate.isString(content) ? new TextEncoder().encode(content).length : content.length
  return [
    "i=0",
    `while [ $i -lt ${Math.ceil(length / piece)} ]; do`,
    `dd bs=${piece} count=1 2>/dev/null${redirect(to)}; sleep ${seconds(every)}; i=$((i+1))`,
    `done <${file}`
  ].join("\n")
}

const redirect = (to: "stdout" | "stderr") => to === "stderr" ? " >&2" : ""

const seconds = (duration: Duration.Duration) => Duration.toMillis(duration) / 1000

const quote = (text: string) => `'${text.replaceAll("'", "'\\''")}'`
