/**
 * The description of an image build: immutable data, built up with combinators.
 * A target whose tag is a hash of everything that goes into the image makes a
 * build that need not be repeated.
 *
 * @since 0.1.0
 */
import { ContentHash, type FileTree, type Hasher, Reference } from "@ociman/oci"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import { dual } from "effect/Function"
import { type Pipeable, pipeArguments } from "effect/Pipeable"
import * as Record from "effect/Record"
import * as Schema from "effect/Schema"
import * as Backend from "./Backend.js"
import type * as BackendError from "./BackendError.js"
import * as Image from "./Image.js"
import { each, firstOf, nonEmpty, noNul, refined } from "./internal/text.js"
import * as Label from "./Label.js"
import type * as Primitives from "./Primitives.js"

/**
 * @since 0.1.0
 * @category type ids
 */
export const TypeId: unique symbol = Symbol.for("@ociman/containers/Build")

/**
 * @since 0.1.0
 * @category type ids
 */
export type TypeId = typeof TypeId

/**
 * What is built from: a directory on this machine with a Dockerfile in it, or
 * the text of a Dockerfile that needs no files.
 *
 * @since 0.1.0
 * @category models
 */
export type Source = Primitives.BuildRequest["source"]

/**
 * What the image is called: a fixed reference, or a repository in which the
 * tag is the hash of what is built from.
 *
 * @since 0.1.0
 * @category models
 */
export type Target =
  | { readonly _tag: "Fixed"; readonly reference: Reference.Reference }
  | { readonly _tag: "ContentAddressed"; readonly repository: Reference.Reference }

/**
 * The description of a build; `T` is `undefined` until it is said what the
 * image is called.
 *
 * @since 0.1.0
 * @category models
 */
export interface Build<out T extends Target | undefined = Target> extends Pipeable {
  readonly [TypeId]: TypeId
  readonly source: Source
  readonly arguments: Readonly<Record<string, string>>
  readonly labels: Label.Labels
  readonly target: T
}

/**
 * An image that is there now, and whether it had to be built for that.
 *
 * @since 0.1.0
 * @category models
 */
export interface Outcome {
  readonly reference: Reference.Reference
  readonly built: boolean
}

type AnyBuild = Build<Target | undefined>

class BuildImpl<T extends Target | undefined> extends Data.Class<{
  readonly source: Source
  readonly arguments: Readonly<Record<string, string>>
  readonly labels: Label.Labels
  readonly target: T
}> implements Build<T> {
  readonly [TypeId]: TypeId = TypeId
  pipe() {
    return pipeArguments(this, arguments)
  }
}

const from = (source: Source): Build<undefined> =>
  new BuildImpl({ source, arguments: {}, labels: Label.empty, target: undefined })

/**
 * A build of a directory on this machine, by the Dockerfile in it.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromDirectory = (path: string): Build<undefined> => from({ _tag: "Directory", path })

/**
 * A build of instructions that need no files of this machine.
 *
 * @example
 * ```ts
 * import { NodeHasher } from "@ociman/node"
 * import { Build } from "@ociman/containers"
 * import { Effect } from "effect"
 *
 * const build = Build.fromInstructions("FROM alpine:latest\nRUN echo hi\n").pipe(
 *   Build.contentAddressed("localhost/example/app")
 * )
 *
 * assert.strictEqual(
 *   String(Effect.runSync(Effect.provide(Build.reference(build), NodeHasher.layer))),
 *   "localhost/example/app:1cbea05f52e5c9363be837416de133a594cedce4ba790117295f93432f395c5d"
 * )
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromInstructions = (text: string): Build<undefined> => from({ _tag: "Instructions", text })

/**
 * The name of a build argument: not empty, without `=`, white space and NUL.
 *
 * @since 0.1.0
 * @category schemas
 */
export const ArgumentName = refined(
  "BuildArgumentName",
  "build argument name",
  firstOf(nonEmpty, noNul, each((char) => char !== "=" && char > " ", "a name has no \"=\" and no white space"))
).pipe(Schema.brand("@ociman/containers/Build/ArgumentName"))

/**
 * Sets a build argument; a later one of the same name wins. Builders record
 * arguments in the image's history, so that they are no place for secrets.
 *
 * @since 0.1.0
 * @category combinators
 */
export const argument: {
  (name: string, value: string): <T extends Target | undefined>(self: Build<T>) => Build<T>
  <T extends Target | undefined>(self: Build<T>, name: string, value: string): Build<T>
} = dual(
  3,
  <T extends Target | undefined>(self: Build<T>, name: string, value: string): Build<T> =>
    new BuildImpl({
      ...self,
      arguments: { ...self.arguments, [Schema.decodeSync(ArgumentName)(name)]: value }
    })
)

/**
 * Gives the image a label; a later one of the same key wins.
 *
 * @since 0.1.0
 * @category combinators
 */
export const label: {
  (key: string, value: string): <T extends Target | undefined>(self: Build<T>) => Build<T>
  <T extends Target | undefined>(self: Build<T>, key: string, value: string): Build<T>
} = dual(
  3,
  <T extends Target | undefined>(self: Build<T>, key: string, value: string): Build<T> =>
    new BuildImpl({ ...self, labels: Label.set(self.labels, key, value) })
)

/**
 * Calls the image by a fixed reference.
 *
 * @since 0.1.0
 * @category targets
 */
export const tagged: {
  (reference: Reference.Reference | string): (self: AnyBuild) => Build
  (self: AnyBuild, reference: Reference.Reference | string): Build
} = dual(2, (self: AnyBuild, reference: Reference.Reference | string): Build =>
  withTarget(self, {
    _tag: "Fixed",
    reference: typeof reference === "string" ? Reference.make(reference) : reference
  }))

/**
 * Calls the image by a repository and a tag that is the hash of what is built
 * from: instructions or files, arguments and labels.
 *
 * @since 0.1.0
 * @category targets
 */
export const contentAddressed: {
  (repository: Reference.Reference | string): (self: AnyBuild) => Build
  (self: AnyBuild, repository: Reference.Reference | string): Build
} = dual(2, (self: AnyBuild, repository: Reference.Reference | string): Build =>
  withTarget(self, {
    _tag: "ContentAddressed",
    repository: Reference.nameOnly(typeof repository === "string" ? Reference.make(repository) : repository)
  }))

const withTarget = (self: AnyBuild, target: Target): Build => new BuildImpl({ ...self, target })

/**
 * What the image is called, without building it.
 *
 * @since 0.1.0
 * @category running
 */
export const reference = (
  self: Build
): Effect.Effect<Reference.Reference, FileTree.FileTreeError, Hasher.Hasher> => {
  const { target } = self
  return target._tag === "Fixed"
    ? Effect.succeed(target.reference)
    : Effect.map(contentHash(self), (hash) => Reference.withTag(target.repository, hash))
}

const contentHash = ({ arguments: buildArguments, labels, source }: AnyBuild) => {
  const options = { buildArguments, labels: Record.fromEntries(labels) }
  return source._tag === "Directory"
    ? ContentHash.directory(source.path, options)
    : ContentHash.instructions(source.text, options)
}

type BuildError = BackendError.BuildFailed | BackendError.EngineError | FileTree.FileTreeError

/**
 * Builds the image, whether it is there or not.
 *
 * @since 0.1.0
 * @category running
 */
export const build = (
  self: Build
): Effect.Effect<Reference.Reference, BuildError, Backend.Backend | Hasher.Hasher> =>
  Effect.tap(reference(self), (image) => buildAs(self, image))

/**
 * Builds the image unless the engine has one of that name.
 *
 * @since 0.1.0
 * @category running
 */
export const ifAbsent = (
  self: Build
): Effect.Effect<Reference.Reference, BuildError, Backend.Backend | Hasher.Hasher> =>
  Effect.map(ensure(self), (outcome) => outcome.reference)

/**
 * As {@link ifAbsent}, and says whether the image had to be built.
 *
 * @since 0.1.0
 * @category running
 */
export const ensure = (
  self: Build
): Effect.Effect<Outcome, BuildError, Backend.Backend | Hasher.Hasher> =>
  Effect.gen(function*() {
    const image = yield* reference(self)
    if (yield* Image.exists(image)) return { reference: image, built: false }
    yield* buildAs(self, image)
    return { reference: image, built: true }
  })

const buildAs = (self: Build, image: Reference.Reference) =>
  Effect.flatMap(
    Backend.Backend,
    (backend) =>
      backend.buildImage({ image, source: self.source, arguments: self.arguments, labels: self.labels }).pipe(
        Effect.withSpan("Build.build", {
          captureStackTrace: false,
          attributes: { engine: backend.engine.name, image: Reference.format(image) }
        })
      )
  )
