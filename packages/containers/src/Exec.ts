/**
 * A command to be run inside a container: immutable data, as `Command` is for
 * processes of the host.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import { dual } from "effect/Function"
import * as Inspectable from "effect/Inspectable"
import * as Option from "effect/Option"
import { type Pipeable, pipeArguments } from "effect/Pipeable"
import * as Predicate from "effect/Predicate"
import type * as Redacted from "effect/Redacted"
import type * as Stream from "effect/Stream"
import * as Environment from "./Environment.js"
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
 * Standard input of a command: bytes, text as UTF-8, or a stream that is pulled
 * as fast as the command reads. The failure of a stream is the `cause` of an
 * `EngineFailed` whose reason is `InputFailed`.
 *
 * @since 0.1.0
 * @category models
 */
export type Stdin = string | Uint8Array | Stream.Stream<Uint8Array, unknown>

/**
 * A command to be run inside a container.
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
    readonly anyExitCode: boolean
    /** How many bytes of each of stdout and stderr are kept in a captured result. */
    readonly outputLimit: number
  }
}

/**
 * What a command inside a container wrote, and how it ended.
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
  /** Bytes that were dropped because they were over the limit, of both. */
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
 * A command with its arguments. Nothing is split or expanded: each argument
 * reaches the command as it is.
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
    anyExitCode: false,
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
 * Sets an environment variable. The value never stands in an argument list,
 * so that no process listing shows it.
 *
 * @since 0.1.0
 * @category combinators
 */
export const env: {
  (name: string, value: string | Redacted.Redacted<string>): (self: Exec) => Exec
  (self: Exec, name: string, value: string | Redacted.Redacted<string>): Exec
} = dual(
  3,
  (self: Exec, name: string, value: string | Redacted.Redacted<string>): Exec =>
    modify(self, { environment: Environment.set(self.environment, name, value) })
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
 * Feeds the command's standard input and then closes it. Default: there is no
 * standard input. Implies {@link interactive}.
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
 * Gives the command a terminal. Its standard error then arrives on standard
 * output, and lines end with a carriage return and a line feed.
 *
 * @since 0.1.0
 * @category combinators
 */
export const tty = (self: Exec): Exec => modify(self, { tty: true })

/**
 * Takes any exit code of the command for a result. Default: an exit code other
 * than zero fails with `ExecFailed`.
 *
 * @since 0.1.0
 * @category combinators
 */
export const anyExitCode = (self: Exec): Exec => modify(self, { anyExitCode: true })

/**
 * How many bytes of each of standard output and standard error a captured
 * result keeps; of more, the middle is dropped and counted. Default: 16 MiB.
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
 * The command line, quoted for a POSIX shell, for people to read. Environment
 * and input are not part of it.
 *
 * @since 0.1.0
 * @category getters
 */
export const commandLine = (self: Exec): string =>
  [self.executable, ...self.arguments]
    .map((word) => bareWord.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`)
    .join(" ")
