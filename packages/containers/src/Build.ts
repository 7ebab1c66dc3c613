/**
 * Description of an image build: immutable data, extended with combinators. The tag of a content-addressed build is a
 * hash of everything that determines the image, so that an existing image need not be built again.
 *
 * @since 0.1.0
 */
import type * as Hasher from "@ociman/oci/Hasher"
import type * as Platform from "@ociman/oci/Platform"
import * as Reference from "@ociman/oci/Reference"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import { dual } from "effect/Function"
import { type Pipeable, pipeArguments } from "effect/Pipeable"
import * as Predicate from "effect/Predicate"
import type * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Backend from "./Backend.js"
import type * as BackendDriver from "./BackendDriver.js"
import type * as BackendError from "./BackendError.js"
import type * as BuildEvent from "./BuildEvent.js"
import type * as ExtraHost from "./ExtraHost.js"
import * as hashing from "./internal/model/buildHash.js"
import { type Entries, entriesOf } from "./internal/values/entries.js"
import { each, firstOf, nonEmpty, noNul, refined } from "./internal/values/text.js"
import * as Label from "./Label.js"

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
 * Source of a build: a directory on this machine with a Dockerfile in it, or the text of a Dockerfile that needs no
 * files.
 *
 * @since 0.1.0
 * @category models
 */
export type Source = BackendDriver.BuildRequest["source"]

/**
 * Secret that build steps can read: a value, or a file on this machine that holds it.
 *
 * @since 0.1.0
 * @category models
 */
export type Secret = BackendDriver.BuildSecret

/**
 * Name of the image: a fixed reference, or a repository in which the tag is the hash of the build's inputs.
 *
 * @since 0.1.0
 * @category models
 */
export type Name =
  | { readonly _tag: "Fixed"; readonly reference: Reference.Reference }
  | { readonly _tag: "ContentAddressed"; readonly repository: Reference.Reference }

/**
 * Description of a build. `N` is `undefined` until the image has a name.
 *
 * @since 0.1.0
 * @category models
 */
export interface Build<out N extends Name | undefined = Name> extends Pipeable, Fields {
  readonly [TypeId]: TypeId
  readonly name: N
}

/**
 * Fields of a build except the name of the image, see the combinators.
 *
 * @since 0.1.0
 * @category models
 */
export interface Fields extends Omit<BackendDriver.BuildRequest, "image"> {}

/**
 * Result of {@link ensure}: the image, and whether this call built it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Outcome {
  readonly reference: Reference.Reference
  readonly built: boolean
}

type AnyBuild = Build<Name | undefined>

class BuildImpl<N extends Name | undefined> extends Data.Class<Fields & { readonly name: N }> implements Build<N> {
  readonly [TypeId]: TypeId = TypeId
  pipe() {
    return pipeArguments(this, arguments)
  }
}

const from = (source: Source): Build<undefined> =>
  new BuildImpl({ source, arguments: {}, labels: Label.empty, name: undefined })

const modify = <N extends Name | undefined>(self: Build<N>, fields: Partial<Fields>): Build<N> =>
  new BuildImpl({ ...self, ...fields })

/**
 * Builds a directory on this machine with the Dockerfile in it; see {@link dockerfile} for another one. Files excluded
 * by its `.dockerignore` are not part of the build.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromDirectory = (path: string): Build<undefined> => from({ _tag: "Directory", path })

/**
 * Builds instructions of a Dockerfile that need no files of this machine.
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
 * Name of a build argument: not empty, without `=`, white space and NUL.
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
 * Sets a build argument; a later one of the same name wins. A redacted value appears neither in argument lists nor in
 * events and errors. Builders record arguments in the image's history, so use {@link secret} for secrets.
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
 * Adds labels to the image: one by key and value, or those of a record. A later one of the same key wins.
 *
 * @since 0.1.0
 * @category combinators
 */
export const label: {
  (key: string, value: string): <N extends Name | undefined>(self: Build<N>) => Build<N>
  (labels: Readonly<Record<string, string>>): <N extends Name | undefined>(self: Build<N>) => Build<N>
  <N extends Name | undefined>(self: Build<N>, key: string, value: string): Build<N>
  <N extends Name | undefined>(self: Build<N>, labels: Readonly<Record<string, string>>): Build<N>
} = dual(
  (args) => Predicate.hasProperty(args[0], TypeId),
  <N extends Name | undefined>(self: Build<N>, ...given: Entries<string>): Build<N> =>
    modify(self, { labels: entriesOf(given).reduce((all, [key, value]) => Label.set(all, key, value), self.labels) })
)

/**
 * Builds a directory with another Dockerfile than the builder's default: an absolute path, or one relative to the
 * directory, in which it need not be. Has no effect on instructions without a directory.
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
 * Builds up to the end of a stage, by its name or its number from 0. Default: the last stage.
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
 * Builds for a platform. Default: the engine's own. The build fails if the image is for another platform, which
 * Docker's classic builder does not check.
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
 * Id of a build secret: ASCII letters and digits, `_`, `.` and `-`.
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
 * Makes a value available to `RUN --mount=type=secret,id=…`, in the file `/run/secrets/<id>`. The value is in no layer,
 * history or argument list, and not part of the hash: an image depends on a secret only through the data that a step
 * fetches with it.
 *
 * Requires BuildKit or Podman. If Docker's client has no BuildKit, the build fails with `EngineFailed`
 * (`InvalidDefinition`) before it begins.
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
 * As {@link secret}, with the content of a file on this machine. Podman does not support commas in its path.
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
 * Adds an image whose layers the builder may reuse. Docker's classic builder requires a local image; BuildKit queries
 * its registry; Podman queries the image's repository for layers, under any tag. Not part of the hash.
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
 * Runs each step even if the builder has cached its result. Not part of the hash.
 *
 * @since 0.1.0
 * @category combinators
 */
export const noCache = <N extends Name | undefined>(self: Build<N>): Build<N> => modify(self, { noCache: true })

/**
 * Pulls the base images even if the engine has them. Not part of the hash, as the base images themselves are not.
 * BuildKit of Docker with the image store of containerd, the default since version 29, always queries the registry, and
 * uses local base images if it does not answer.
 *
 * @since 0.1.0
 * @category combinators
 */
export const pullBase = <N extends Name | undefined>(self: Build<N>): Build<N> => modify(self, { pullBase: true })

/**
 * Sets the network of the steps: `none`, `host`, or another one that the builder knows (not BuildKit). Not part of the
 * hash: like the state of the network itself, it only affects the data that steps fetch.
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
 * Adds a host name to the `/etc/hosts` of the steps. Not part of the hash, see {@link network}.
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
 * Names the image by a fixed reference.
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
 * Names the image by a repository and a tag that is the hash of the build's inputs: instructions or files, arguments,
 * labels, and all other fields that change the image. The content of base images is not part of it.
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
 * Returns the reference of the image, without building it.
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
    : Effect.map(hashing.buildHash(self), (hash) => Reference.withTag(name.repository, hash))
}

/**
 * Errors of computing the tag of an image.
 *
 * @since 0.1.0
 * @category errors
 */
export type HashError = hashing.HashError

/**
 * Errors of a build.
 *
 * @since 0.1.0
 * @category errors
 */
export type BuildError = BackendError.BuildFailed | BackendError.EngineError | HashError

/**
 * Builds the image, even if the engine has one of that reference.
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
        Stream.runDrain(backend.builds.build(request)).pipe(
          Effect.as(request.image),
          Effect.withSpan("Build.build", { captureStackTrace: false, attributes: attributes(backend, request) })
        ))
  )

/**
 * Builds the image, even if the engine has one of that reference, and streams progress events. Interruption of the
 * stream stops the build.
 *
 * @example
 * ```ts
 * import { Build, BuildEvent, MemoryBackend } from "@ociman/containers"
 * import { NodeHasher } from "@ociman/node"
 * import { Effect, Stream } from "effect"
 *
 * const lines = Build.fromInstructions("FROM alpine\nRUN make\n").pipe(
 *   Build.tagged("example/app:1"),
 *   Build.stream,
 *   Stream.map(BuildEvent.format),
 *   Stream.take(3),
 *   Stream.runCollect,
 *   Effect.provide([MemoryBackend.layer(), NodeHasher.layer])
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
      backend.builds.build(request).pipe(
        Stream.withSpan("Build.stream", { captureStackTrace: false, attributes: attributes(backend, request) })
      ))
  )

/**
 * Builds the image unless the engine has one of that reference. Concurrent calls for one reference, in this process or
 * in others on this machine, share one build. Reports whether this call has built the image.
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

const request = (self: Build): Effect.Effect<BackendDriver.BuildRequest, HashError, Hasher.Hasher> =>
  Effect.map(reference(self), (image) => {
    const { [TypeId]: _, name: __, ...fields } = self
    return { ...fields, image }
  })

const attributes = ({ engine }: Backend.Service, { image }: BackendDriver.BuildRequest) => ({
  engine: engine.name,
  image: Reference.format(image)
})
