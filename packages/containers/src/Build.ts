/**
 * The description of an image build: immutable data, built up with combinators.
 * A target whose tag is a hash of everything that goes into the image makes a
 * build that need not be repeated.
 *
 * @since 0.1.0
 */
import { type Hasher, type Platform, Reference } from "@ociman/oci"
import type * as DockerIgnore from "@ociman/oci/author/DockerIgnore"
import type * as FileTree from "@ociman/oci/author/FileTree"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import { dual } from "effect/Function"
import { type Pipeable, pipeArguments } from "effect/Pipeable"
import type * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Backend from "./Backend.js"
import type * as BackendError from "./BackendError.js"
import type * as BuildEvent from "./BuildEvent.js"
import type * as ExtraHost from "./ExtraHost.js"
import { buildHash } from "./internal/buildHash.js"
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
 * A secret that steps can read: a value, or a file on this machine that holds it.
 *
 * @since 0.1.0
 * @category models
 */
export type Secret = Primitives.BuildSecret

/**
 * What the image is called: a fixed reference, or a repository in which the
 * tag is the hash of what is built from.
 *
 * @since 0.1.0
 * @category models
 */
export type Name =
  | { readonly _tag: "Fixed"; readonly reference: Reference.Reference }
  | { readonly _tag: "ContentAddressed"; readonly repository: Reference.Reference }

/**
 * The description of a build; `N` is `undefined` until it is said what the
 * image is called.
 *
 * @since 0.1.0
 * @category models
 */
export interface Build<out N extends Name | undefined = Name> extends Pipeable, Settings {
  readonly [TypeId]: TypeId
  readonly name: N
}

/**
 * All of a build but what the image is called, see the combinators.
 *
 * @since 0.1.0
 * @category models
 */
export interface Settings extends Omit<Primitives.BuildRequest, "image"> {}

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

type AnyBuild = Build<Name | undefined>

class BuildImpl<N extends Name | undefined> extends Data.Class<Settings & { readonly name: N }> implements Build<N> {
  readonly [TypeId]: TypeId = TypeId
  pipe() {
    return pipeArguments(this, arguments)
  }
}

const from = (source: Source): Build<undefined> =>
  new BuildImpl({ source, arguments: {}, labels: Label.empty, name: undefined })

const modify = <N extends Name | undefined>(self: Build<N>, settings: Partial<Settings>): Build<N> =>
  new BuildImpl({ ...self, ...settings })

/**
 * A build of a directory on this machine, by the Dockerfile in it; for another
 * one see {@link dockerfile}. What its `.dockerignore` excludes is no part of it.
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
 * Sets a build argument; a later one of the same name wins. A redacted value is
 * shown neither in argument lists nor in events and errors; but builders record
 * arguments in the image's history, so that they are no place for secrets: for
 * these there is {@link secret}.
 *
 * @since 0.1.0
 * @category combinators
 */
export const argument: {
  (name: string, value: string | Redacted.Redacted<string>): <N extends Name | undefined>(self: Build<N>) => Build<N>
  <N extends Name | undefined>(self: Build<N>, name: string, value: string | Redacted.Redacted<string>): Build<N>
} = dual(
  3,
  <N extends Name | undefined>(self: Build<N>, name: string, value: string | Redacted.Redacted<string>): Build<N> =>
    modify(self, { arguments: { ...self.arguments, [Schema.decodeSync(ArgumentName)(name)]: value } })
)

/**
 * Gives the image a label; a later one of the same key wins.
 *
 * @since 0.1.0
 * @category combinators
 */
export const label: {
  (key: string, value: string): <N extends Name | undefined>(self: Build<N>) => Build<N>
  <N extends Name | undefined>(self: Build<N>, key: string, value: string): Build<N>
} = dual(
  3,
  <N extends Name | undefined>(self: Build<N>, key: string, value: string): Build<N> =>
    modify(self, { labels: Label.set(self.labels, key, value) })
)

/**
 * Builds a directory by another Dockerfile than the one that the builder finds:
 * an absolute path, or one relative to the directory. It need not be in the
 * directory. Instructions without a directory are not affected.
 *
 * @since 0.1.0
 * @category combinators
 */
export const dockerfile: {
  (path: string): <N extends Name | undefined>(self: Build<N>) => Build<N>
  <N extends Name | undefined>(self: Build<N>, path: string): Build<N>
} = dual(
  2,
  <N extends Name | undefined>(self: Build<N>, path: string): Build<N> =>
    modify(self, { dockerfile: Schema.decodeSync(DockerfilePath)(path) })
)

const DockerfilePath = refined("DockerfilePath", "path of a Dockerfile", firstOf(nonEmpty, noNul))

/**
 * Builds up to the end of a stage, by its name, or its number from 0. Default:
 * the last one.
 *
 * @since 0.1.0
 * @category combinators
 */
export const target: {
  (stage: string): <N extends Name | undefined>(self: Build<N>) => Build<N>
  <N extends Name | undefined>(self: Build<N>, stage: string): Build<N>
} = dual(
  2,
  <N extends Name | undefined>(self: Build<N>, stage: string): Build<N> =>
    modify(self, { target: Schema.decodeSync(StageName)(stage) })
)

const StageName = refined(
  "StageName",
  "name of a stage",
  firstOf(nonEmpty, each((char) => char > " ", "a name has no white space"))
)

/**
 * Builds for a platform. Default: the engine's own. An image that turns out to
 * be for another one, which Docker's classic builder does not mind, is a failed
 * build.
 *
 * @since 0.1.0
 * @category combinators
 */
export const platform: {
  (platform: Platform.Platform): <N extends Name | undefined>(self: Build<N>) => Build<N>
  <N extends Name | undefined>(self: Build<N>, platform: Platform.Platform): Build<N>
} = dual(
  2,
  <N extends Name | undefined>(self: Build<N>, platform: Platform.Platform): Build<N> => modify(self, { platform })
)

/**
 * The id of a secret: letters and digits of ASCII, `_`, `.` and `-`.
 *
 * @since 0.1.0
 * @category schemas
 */
export const SecretId = refined(
  "BuildSecretId",
  "id of a build secret",
  firstOf(
    nonEmpty,
    each((char) => /^[\w.-]$/.test(char), "an id has letters and digits of ASCII, \"_\", \".\" and \"-\"")
  )
).pipe(Schema.brand("@ociman/containers/Build/SecretId"))

const withSecret = <N extends Name | undefined>(self: Build<N>, id: string, secret: Secret): Build<N> =>
  modify(self, { secrets: { ...self.secrets, [Schema.decodeSync(SecretId)(id)]: secret } })

/**
 * Lets steps read a value by `RUN --mount=type=secret,id=…`, from the file
 * `/run/secrets/` with the id as its name. It is in no layer, no history and no
 * argument list, and it is no part of the hash: an image does not depend on it
 * but by what a step fetches with it.
 *
 * It needs BuildKit or Podman. Where Docker's client has no BuildKit, the build
 * fails with `EngineFailed` (`InvalidDefinition`) before it begins.
 *
 * @since 0.1.0
 * @category combinators
 */
export const secret: {
  (id: string, value: Redacted.Redacted<string>): <N extends Name | undefined>(self: Build<N>) => Build<N>
  <N extends Name | undefined>(self: Build<N>, id: string, value: Redacted.Redacted<string>): Build<N>
} = dual(
  3,
  <N extends Name | undefined>(self: Build<N>, id: string, value: Redacted.Redacted<string>): Build<N> =>
    withSecret(self, id, { _tag: "Value", value })
)

/**
 * As {@link secret}, with the content of a file on this machine. Podman knows no
 * commas in its path.
 *
 * @since 0.1.0
 * @category combinators
 */
export const secretFile: {
  (id: string, path: string): <N extends Name | undefined>(self: Build<N>) => Build<N>
  <N extends Name | undefined>(self: Build<N>, id: string, path: string): Build<N>
} = dual(
  3,
  <N extends Name | undefined>(self: Build<N>, id: string, path: string): Build<N> =>
    withSecret(self, id, { _tag: "File", path })
)

/**
 * Lets the builder use the layers of an image too. Docker's classic builder
 * needs the image to be there; BuildKit asks its registry; Podman asks for
 * layers in the image's repository, whatever the tag. It is no part of the hash.
 *
 * @since 0.1.0
 * @category combinators
 */
export const cacheFrom: {
  (image: Reference.Reference | string): <N extends Name | undefined>(self: Build<N>) => Build<N>
  <N extends Name | undefined>(self: Build<N>, image: Reference.Reference | string): Build<N>
} = dual(
  2,
  <N extends Name | undefined>(self: Build<N>, image: Reference.Reference | string): Build<N> =>
    modify(self, { cacheFrom: [...self.cacheFrom ?? [], toReference(image)] })
)

/**
 * Runs each step although the builder has its result. It is no part of the hash.
 *
 * @since 0.1.0
 * @category combinators
 */
export const noCache = <N extends Name | undefined>(self: Build<N>): Build<N> => modify(self, { noCache: true })

/**
 * Pulls the images that are built from although they are there. It is no part of
 * the hash, as these images themselves are not. BuildKit of Docker with the image
 * store of containerd, which is the default from version 29 on, always asks their
 * registry, and takes those that are there if it does not answer.
 *
 * @since 0.1.0
 * @category combinators
 */
export const pullBase = <N extends Name | undefined>(self: Build<N>): Build<N> => modify(self, { pullBase: true })

/**
 * The network of the steps: `none`, `host`, or another one that the builder
 * knows, which BuildKit does not. It is no part of the hash: as the state of the
 * network itself, it only counts for what steps fetch.
 *
 * @since 0.1.0
 * @category combinators
 */
export const network: {
  (network: string): <N extends Name | undefined>(self: Build<N>) => Build<N>
  <N extends Name | undefined>(self: Build<N>, network: string): Build<N>
} = dual(
  2,
  <N extends Name | undefined>(self: Build<N>, network: string): Build<N> =>
    modify(self, { network: Schema.decodeSync(NetworkName)(network) })
)

const NetworkName = refined(
  "BuildNetwork",
  "network of a build",
  firstOf(nonEmpty, each((char) => char > " ", "a name has no white space"))
)

/**
 * Adds a host name to the `/etc/hosts` of the steps. It is no part of the hash,
 * for the same reason as {@link network}.
 *
 * @since 0.1.0
 * @category combinators
 */
export const extraHost: {
  (host: ExtraHost.ExtraHost): <N extends Name | undefined>(self: Build<N>) => Build<N>
  <N extends Name | undefined>(self: Build<N>, host: ExtraHost.ExtraHost): Build<N>
} = dual(
  2,
  <N extends Name | undefined>(self: Build<N>, host: ExtraHost.ExtraHost): Build<N> =>
    modify(self, { extraHosts: [...self.extraHosts ?? [], host] })
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
} = dual(
  2,
  (self: AnyBuild, reference: Reference.Reference | string): Build =>
    named(self, { _tag: "Fixed", reference: toReference(reference) })
)

/**
 * Calls the image by a repository and a tag that is the hash of what is built
 * from: instructions or files, arguments, labels, and what else changes the
 * image by itself. What images it is built from are in their registries is not
 * part of it.
 *
 * @since 0.1.0
 * @category targets
 */
export const contentAddressed: {
  (repository: Reference.Reference | string): (self: AnyBuild) => Build
  (self: AnyBuild, repository: Reference.Reference | string): Build
} = dual(
  2,
  (self: AnyBuild, repository: Reference.Reference | string): Build =>
    named(self, { _tag: "ContentAddressed", repository: Reference.nameOnly(toReference(repository)) })
)

const named = (self: AnyBuild, name: Name): Build => new BuildImpl({ ...self, name })

const toReference = (reference: Reference.Reference | string) =>
  typeof reference === "string" ? Reference.make(reference) : reference

/**
 * What the image is called, without building it.
 *
 * @since 0.1.0
 * @category running
 */
export const reference = (
  self: Build
): Effect.Effect<Reference.Reference, HashError, Hasher.Hasher> => {
  const { name } = self
  return name._tag === "Fixed"
    ? Effect.succeed(name.reference)
    : Effect.map(buildHash(self), (hash) => Reference.withTag(name.repository, hash))
}

/**
 * What finding out the tag of an image may fail with.
 *
 * @since 0.1.0
 * @category errors
 */
export type HashError = FileTree.FileTreeError | DockerIgnore.InvalidPattern

/**
 * What a build may fail with.
 *
 * @since 0.1.0
 * @category errors
 */
export type BuildError = BackendError.BuildFailed | BackendError.EngineError | HashError

/**
 * Builds the image, whether it is there or not.
 *
 * @since 0.1.0
 * @category running
 */
export const build = (
  self: Build
): Effect.Effect<Reference.Reference, BuildError, Backend.Backend | Hasher.Hasher> =>
  Effect.flatMap(
    request(self),
    (request) =>
      Effect.flatMap(Backend.Backend, (backend) =>
        Stream.runDrain(backend.buildImage(request)).pipe(
          Effect.as(request.image),
          Effect.withSpan("Build.build", { captureStackTrace: false, attributes: attributes(backend, request) })
        ))
  )

/**
 * Builds the image, whether it is there or not, and tells what happens
 * meanwhile. A consumer that stops early ends the build.
 *
 * @example
 * ```ts
 * import { Backend, Build, BuildEvent } from "@ociman/containers"
 * import { NodeHasher } from "@ociman/node"
 * import { Effect, Stream } from "effect"
 *
 * const lines = Build.fromInstructions("FROM alpine\nRUN make\n").pipe(
 *   Build.tagged("example/app:1"),
 *   Build.stream,
 *   Stream.map(BuildEvent.format),
 *   Stream.take(3),
 *   Stream.runCollect,
 *   Effect.provide([Backend.layerMemory(), NodeHasher.layer])
 * )
 *
 * assert.deepStrictEqual([...Effect.runSync(lines)], ["[1/2] FROM alpine", "[1/2] FROM alpine (done)", "[2/2] RUN make"])
 * ```
 *
 * @since 0.1.0
 * @category running
 */
export const stream = (
  self: Build
): Stream.Stream<BuildEvent.BuildEvent, BuildError, Backend.Backend | Hasher.Hasher> =>
  Stream.unwrap(
    Effect.map(Effect.all([Backend.Backend, request(self)]), ([backend, request]) =>
      backend.buildImage(request).pipe(
        Stream.withSpan("Build.stream", { captureStackTrace: false, attributes: attributes(backend, request) })
      ))
  )

/**
 * Builds the image unless the engine has one of that name. An image of one name
 * is built once at a time: who asks for it meanwhile, in this process or in
 * another one on this machine, waits for the outcome.
 *
 * @since 0.1.0
 * @category running
 */
export const ifAbsent = (
  self: Build
): Effect.Effect<Reference.Reference, BuildError, Backend.Backend | Hasher.Hasher> =>
  Effect.map(ensure(self), (outcome) => outcome.reference)

/**
 * As {@link ifAbsent}, and says whether the image had to be built, and this
 * very call has done it.
 *
 * @since 0.1.0
 * @category running
 */
export const ensure = (
  self: Build
): Effect.Effect<Outcome, BuildError, Backend.Backend | Hasher.Hasher> =>
  Effect.flatMap(
    request(self),
    (request) =>
      Effect.flatMap(Backend.Backend, (backend) =>
        backend.ensureImage(request).pipe(
          Effect.map((built) => ({ reference: request.image, built })),
          Effect.withSpan("Build.ensure", { captureStackTrace: false, attributes: attributes(backend, request) })
        ))
  )

const request = (self: Build): Effect.Effect<Primitives.BuildRequest, HashError, Hasher.Hasher> =>
  Effect.map(reference(self), (image) => {
    const { [TypeId]: _, name: __, ...settings } = self
    return { ...settings, image }
  })

const attributes = ({ engine }: Backend.Service, { image }: Primitives.BuildRequest) => ({
  engine: engine.name,
  image: Reference.format(image)
})
