import * as Either from "effect/Either"
import * as Redacted from "effect/Redacted"
import type * as Environment from "../../Environment.js"
import { utf8Length } from "../values/text.js"

/**
 * Environment of a process in a container, encoded for the engine's client. Most
 * variables are set in the client's own environment and referred to by
 * `--env NAME`, so that no value is in an argument list. Variables that would
 * affect the client itself are passed by a private file.
 */
export interface EncodedEnvironment {
  /** Names for `--env NAME`; `variables` has their values. */
  readonly names: ReadonlyArray<string>
  readonly variables: Readonly<Record<string, string>>
  /** Lines of the file for `--env-file`; empty if no file is needed. */
  readonly fileLines: ReadonlyArray<string>
}

// Variables that docker, podman, and the Go and C runtimes read.
const clientVariables = new RegExp(
  `^(?:${
    [
      "PATH|HOME|USER|LOGNAME|SHELL|TERM|TMPDIR|PWD|LANG|LANGUAGE|COLUMNS|LINES|NO_COLOR|DEBUG|GNUPGHOME",
      "NOTIFY_SOCKET|LISTEN_\\w+|MAINPID|INVOCATION_ID|_.*|[A-Za-z]+_(?:PROXY|proxy)",
      "(?:LC|XDG|DOCKER|BUILDKIT|BUILDX|CONTAINERS?|PODMAN|BUILDAH|LIBPOD|STORAGE|REGISTRY|REGISTRIES|NETAVARK)_.*",
      "(?:SSH|DBUS|LD|MALLOC|OTEL|CGO)_.*|SSL_CERT_(?:FILE|DIR)|GLIBC_TUNABLES",
      "GO(?:DEBUG|GC|MAXPROCS|MEMLIMIT|TRACEBACK|COVERDIR)"
    ].join("|")
  })$`
)

/** Reports whether a variable of this name affects the client itself. */
export const isClientVariable = (name: string): boolean => clientVariables.test(name)

/**
 * Encodes an environment. Fails with the name of a variable that affects the
 * client and that an environment file cannot hold.
 */
export const encodeEnvironment = (environment: Environment.Environment): Either.Either<EncodedEnvironment, string> => {
  const names: Array<string> = []
  const variables: Record<string, string> = {}
  const fileLines: Array<string> = []
  for (const [name, raw] of environment) {
    const value = Redacted.isRedacted(raw) ? Redacted.value(raw) : raw
    if (!isClientVariable(name)) {
      names.push(name)
      variables[name] = value
    } else if (fitsInFile(name, value)) {
      fileLines.push(`${name}=${value}`)
    } else {
      return Either.left(name)
    }
  }
  return Either.right({ names, variables, fileLines })
}

// Both clients use Go's `bufio.Scanner`, whose buffer of 64 KiB also holds the end of the line.
const maxLine = 64 * 1024 - 2

// Environment files have neither quotes nor escapes: a value ends with its line, and a line that begins with `#` or
// white space is not read literally.
const fitsInFile = (name: string, value: string) =>
  !/[\n\r]/.test(value) && !/^[#\s]/.test(name) && utf8Length(`${name}=${value}`) <= maxLine
