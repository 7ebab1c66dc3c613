/**
 * Description of a command in a container: immutable data, as `Command` of `@effect/platform` is for processes of the
 * host.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import { dual } from "effect/Function"
import * as Inspectable from "effect/Inspectable"
import * as Option from "effect/Option"
import { type Pipeable, pipeArguments } from "effect/Pipeable"
import * as Predicate from "effect/Predicate"
import type * as Stream from "effect/Stream"
import * as Environment from "./Environment.js"
import { type Entries, entriesOf } from "./internal/values/entries.js"
import * as User from "./User.js"

/**
 * @since 0.1.0
 * @category type ids
 */
export const TypeId: unique symbol = Symbol.for("@ociman/containers/Exec")

/**
 * @since 0.1.0
 * @category type ids
 */
export type TypeId = typeof TypeId

/**
 * Standard input of a command: bytes, text as UTF-8, or a stream that is pulled as fast as the command reads. A failure
 * of the stream becomes the `cause` of an `EngineFailed` with reason `InputFailed`.
 *
 * @since 0.1.0
 * @category models
 */
export type Stdin = string | Uint8Array | Stream.Stream<Uint8Array, unknown>

/**
 * Description of a command in a container.
 *
 * @since 0.1.0
 * @category models
 */
export interface Exec extends Pipeable, Inspectable.Inspectable, Exec.Fields {
  readonly [TypeId]: TypeId
}

/**
 * @since 0.1.0
 */
export declare namespace Exec {
  /**
   * @since 0.1.0
   * @category models
   */
  export interface Fields {
    readonly executable: string
    readonly arguments: ReadonlyArray<string>
    readonly environment: Environment.Environment
    readonly user: Option.Option<User.User>
    readonly workingDirectory: Option.Option<string>
    readonly stdin: Option.Option<Stdin>
    readonly interactive: boolean
    readonly tty: boolean
    readonly allowNonZeroExit: boolean
    /** Maximum size of each of stdout and stderr in a captured result, in bytes. */
    readonly outputLimit: number
  }
}

/**
 * Captured output and exit code of a process.
 *
 * @since 0.1.0
 * @category models
 */
export interface Result {
  readonly exitCode: number
  /** Standard output as text (UTF-8, malformed bytes replaced). */
  readonly stdout: string
  /** Standard error as text (UTF-8, malformed bytes replaced). */
  readonly stderr: string
  readonly stdoutBytes: Uint8Array
  readonly stderrBytes: Uint8Array
  /** Number of bytes dropped from the captured output, stdout and stderr together. */
  readonly omittedBytes: number
}

class ExecImpl extends Data.Class<Exec.Fields> implements Exec {
  readonly [TypeId]: TypeId = TypeId
  toJSON() {
    return {
      _id: "@ociman/containers/Exec",
      command: [this.executable, ...this.arguments],
      environment: Environment.names(this.environment),
      user: Option.getOrUndefined(Option.map(this.user, User.format)),
      workingDirectory: Option.getOrUndefined(this.workingDirectory),
      interactive: this.interactive,
      tty: this.tty
    }
  }
  override toString() {
    return Inspectable.format(this.toJSON())
  }
  [Inspectable.NodeInspectSymbol]() {
    return this.toJSON()
  }
  pipe() {
    return pipeArguments(this, arguments)
  }
}

/** @internal */
export const modify = (self: Exec, fields: Partial<Exec.Fields>): Exec => new ExecImpl({ ...self, ...fields })

/**
 * @since 0.1.0
 * @category guards
 */
export const isExec = (u: unknown): u is Exec => Predicate.hasProperty(u, TypeId)

/**
 * Describes a command with its arguments, which are neither split nor expanded.
 *
 * @example
 * ```ts
 * import { Exec } from "@ociman/containers"
 *
 * const migrate = Exec.make("psql", "--file", "-").pipe(
 *   Exec.user("postgres"),
 *   Exec.stdin("create table item (id int);")
 * )
 * assert.strictEqual(migrate.interactive, true)
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (executable: string, ...args: ReadonlyArray<string>): Exec =>
  new ExecImpl({
    executable,
    arguments: args,
    environment: Environment.empty,
    user: Option.none(),
    workingDirectory: Option.none(),
    stdin: Option.none(),
    interactive: false,
    tty: false,
    allowNonZeroExit: false,
    outputLimit: 16 * 1024 * 1024
  })

/**
 * Appends arguments.
 *
 * @since 0.1.0
 * @category combinators
 */
export const append: {
  (...args: ReadonlyArray<string>): (self: Exec) => Exec
  (self: Exec, ...args: ReadonlyArray<string>): Exec
} = dual(
  (args) => isExec(args[0]),
  (self: Exec, ...args: ReadonlyArray<string>): Exec => modify(self, { arguments: [...self.arguments, ...args] })
)

/**
 * Sets environment variables: one by name and value, or those of a record. Values never appear in an argument list, so
 * that no process listing shows them.
 *
 * @since 0.1.0
 * @category combinators
 */
export const env: {
  (name: string, value: Environment.Value): (self: Exec) => Exec
  (environment: Readonly<Record<string, Environment.Value>>): (self: Exec) => Exec
  (self: Exec, name: string, value: Environment.Value): Exec
  (self: Exec, environment: Readonly<Record<string, Environment.Value>>): Exec
} = dual(
  (args) => isExec(args[0]),
  (self: Exec, ...given: Entries<Environment.Value>): Exec =>
    modify(self, {
      environment: entriesOf(given).reduce((all, [name, value]) => Environment.set(all, name, value), self.environment)
    })
)

/**
 * Runs the command as a user: a name, a uid, `name:group` or `uid:gid`.
 * Default: the user of the container.
 *
 * @since 0.1.0
 * @category combinators
 */
export const user: {
  (user: User.User | string): (self: Exec) => Exec
  (self: Exec, user: User.User | string): Exec
} = dual(
  2,
  (self: Exec, user: User.User | string): Exec =>
    modify(self, { user: Option.some(typeof user === "string" ? User.make(user) : user) })
)

/**
 * Runs the command in a directory of the container. Default: the working
 * directory of the container.
 *
 * @since 0.1.0
 * @category combinators
 */
export const workingDirectory: {
  (path: string): (self: Exec) => Exec
  (self: Exec, path: string): Exec
} = dual(2, (self: Exec, path: string): Exec => modify(self, { workingDirectory: Option.some(path) }))

/**
 * Writes to the command's standard input, then closes it. Default: no standard input. Implies {@link interactive}.
 *
 * Podman may lose the output of a command that ends before it has read its input.
 *
 * @since 0.1.0
 * @category combinators
 */
export const stdin: {
  (input: Stdin): (self: Exec) => Exec
  (self: Exec, input: Stdin): Exec
} = dual(2, (self: Exec, input: Stdin): Exec => modify(self, { stdin: Option.some(input), interactive: true }))

/**
 * Keeps the command's standard input open.
 *
 * @since 0.1.0
 * @category combinators
 */
export const interactive = (self: Exec): Exec => modify(self, { interactive: true })

/**
 * Allocates a terminal for the command, which combines its standard error with its standard output, with CRLF line
 * ends.
 *
 * @since 0.1.0
 * @category combinators
 */
export const tty = (self: Exec): Exec => modify(self, { tty: true })

/**
 * Does not fail on a non-zero exit code. Default: a non-zero exit code fails with `ExecFailed`.
 *
 * @since 0.1.0
 * @category combinators
 */
export const allowNonZeroExit = (self: Exec): Exec => modify(self, { allowNonZeroExit: true })

/**
 * Sets the maximum size of each of standard output and standard error in a captured result, in bytes. The middle of a
 * longer output is dropped, and counted in `omittedBytes`. Default: 16 MiB.
 *
 * @since 0.1.0
 * @category combinators
 */
export const outputLimit: {
  (bytes: number): (self: Exec) => Exec
  (self: Exec, bytes: number): Exec
} = dual(2, (self: Exec, bytes: number): Exec => modify(self, { outputLimit: bytes }))

const bareWord = /^[A-Za-z0-9_@%+=:,./-]+$/

/**
 * Formats the command line, quoted for a POSIX shell, for display. Omits environment and input.
 *
 * @since 0.1.0
 * @category getters
 */
export const commandLine = (self: Exec): string =>
  [self.executable, ...self.arguments]
    .map((word) => bareWord.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`)
    .join(" ")
