/** Operations of a registry client on manifests, tags and referrers. */
import type * as Content from "@ociman/oci/Content"
import type * as Descriptor from "@ociman/oci/Descriptor"
import type * as Digest from "@ociman/oci/Digest"
import type * as MediaType from "@ociman/oci/MediaType"
import type * as Reference from "@ociman/oci/Reference"
import * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { RegistryError } from "../../RegistryError.js"
import type { Repository } from "../../Repository.js"
import {
  attributes,
  type Context,
  deleteScopes,
  fetchFirst,
  findFirst,
  pullScopes,
  pushScopes,
  repositoryAt,
  repositoryOf
} from "./context.js"
import * as manifests from "./manifests.js"
import * as referrers from "./referrers.js"

export type Name = Reference.Tag | Digest.Digest

export const stat = (
  context: Context,
  repository: Repository,
  name: Name
): Effect.Effect<Option.Option<Descriptor.Descriptor>, manifests.ReadError> =>
  findFirst(context, repository, (target) => manifests.stat(repositoryAt(context, target, repository), name)).pipe(
    Effect.withSpan("Registry.statManifest", attributes(repository, { reference: name }))
  )

export const fetch = (
  context: Context,
  repository: Repository,
  name: Name
): Effect.Effect<manifests.Manifest, manifests.ReadError> =>
  fetchFirst(context, repository, (target) => manifests.fetch(repositoryAt(context, target, repository), name)).pipe(
    Effect.withSpan("Registry.fetchManifest", attributes(repository, { reference: name }))
  )

export const push = (
  context: Context,
  repository: Repository,
  manifest: Content.Content<unknown>,
  { tags = [] }: { readonly tags?: ReadonlyArray<Reference.Tag> | undefined } = {}
): Effect.Effect<void, manifests.PushError> =>
  Effect.gen(function*() {
    const remote = yield* repositoryOf(context, repository, pushScopes(repository))
    const response = yield* manifests.push(remote, manifest, tags)
    yield* referrers.afterPush(remote, context.referrers, manifest, response)
  }).pipe(Effect.withSpan("Registry.pushManifest", attributes(repository, { digest: manifest.descriptor.digest })))

export const remove = (
  context: Context,
  repository: Repository,
  digest: Digest.Digest
): Effect.Effect<void, manifests.PushError> =>
  Effect.gen(function*() {
    const writable = yield* repositoryOf(context, repository, pushScopes(repository))
    yield* referrers.beforeDelete(writable, context.referrers, digest)
    yield* manifests.remove(yield* repositoryOf(context, repository, deleteScopes(repository)), digest)
  }).pipe(Effect.withSpan("Registry.deleteManifest", attributes(repository, { digest })))

export const untag = (
  context: Context,
  repository: Repository,
  tag: Reference.Tag
): Effect.Effect<void, RegistryError> =>
  Effect.flatMap(
    repositoryOf(context, repository, deleteScopes(repository)),
    (remote) => manifests.remove(remote, tag)
  ).pipe(Effect.withSpan("Registry.untag", attributes(repository, { reference: tag })))

export const listReferrers = (
  context: Context,
  repository: Repository,
  subject: Digest.Digest,
  { artifactType }: { readonly artifactType?: MediaType.MediaType | undefined } = {}
): Stream.Stream<Descriptor.Descriptor, manifests.ReadError> =>
  Stream.unwrap(
    Effect.map(
      repositoryOf(context, repository, pullScopes(repository)),
      (remote) => referrers.list(remote, context.referrers, subject, artifactType)
    )
  ).pipe(Stream.withSpan("Registry.referrers", attributes(repository, { digest: subject })))
