import * as Either from "effect/Either"
import * as Redacted from "effect/Redacted"
import type * as Environment from "../../Environment.js"
import { utf8Length } from "../values/text.js"

/**
 * How the environment of a process in a container reaches the engine's client:
 * as variables of the client itself, named by `--env NAME`, so that no value
 * stands in an argument list. Variables that the client would obey itself go
 * through a private file.
 */
export interface Travelling {
  /** The names for `--env NAME`, with the values in `variables`. */
  readonly names: ReadonlyArray<string>
  readonly variables: Readonly<Record<string, string>>
  /** The lines of the file for `--env-file`; empty if none is needed. */
  readonly fileLines: ReadonlyArray<string>
}

// What docker and podman read, and the Go and C runtimes below them.
const obeyedByClients = new RegExp(
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

/** Whether a client would take a variable of this name for its own. */
export const isObeyedByClients = (name: string): boolean => obeyedByClients.test(name)

/**
 * Decides how each variable travels. Fails with the name of one that the
 * client would obey and that no environment file can hold.
 */
export const travelling = (environment: Environment.Environment): Either.Either<Travelling, string> => {
  const names: Array<string> = []
  const variables: Record<string, string> = {}
  const fileLines: Array<string> = []
  for (const [name, marked] of environment) {
    const value = Redacted.isRedacted(marked) ? Redacted.value(marked) : marked
    if (!isObeyedByClients(name)) {
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

// Both clients read lines by Go's `bufio.Scanner`, whose buffer of 64 KiB must hold the end of the line too.
const longestLine = 64 * 1024 - 2

// Environment files know neither quotes nor escapes: a value ends where its line
// ends, and a line that begins with `#` or white space is not read as it stands.
const fitsInFile = (name: string, value: string) =>
  !/[\n\r]/.test(value) && !/^[#\s]/.test(name) && utf8Length(`${name}=${value}`) <= longestLine
