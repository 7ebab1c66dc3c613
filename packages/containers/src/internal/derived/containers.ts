import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { ContainerNotFound, type CreateError } from "../../BackendError.js"
import type { ContainerId } from "../../ContainerId.js"
import * as ContainerName from "../../ContainerName.js"
import * as Definition from "../../Definition.js"
import type { HostedDriver } from "../contract/host.js"
import * as libraryLabels from "../contract/libraryLabels.js"
import type { Service } from "../contract/service.js"
import { makeHandle } from "./containerHandle.js"
import { type Context, forkedScope, isKey, open, ownedBy, type Resource } from "./creation.js"
import { describeStartErrors } from "./startErrors.js"
import { uploadFiles } from "./upload.js"

const scopeGrace = Duration.seconds(1)

type Lifetime = libraryLabels.Creation["lifetime"]

/** @internal */
export const containers = (context: Context): Pick<Service, "create" | "start" | "launch" | "attach"> => ({
  create: (definition) =>
    ownedBy(forkedScope, Effect.map(created(context, definition, "scope"), ({ container }) => container)).pipe(
      Effect.withSpan("Backend.create", spanOptions(context, definition))
    ),

  start: (definition) => startIn(context, forkedScope, definition, "scope"),

  // The scope is never closed: the caller removes the container.
  launch: (definition) => startIn(context, Scope.make(), definition, "kept"),

  attach: (container) =>
    isKey(container)
      ? context.driver.containers.inspect(container).pipe(
        Effect.map(({ id }) => makeHandle(context.driver, id, Effect.void)),
        Effect.withSpan("Backend.attach", {
          captureStackTrace: false,
          attributes: { engine: context.driver.engine.name, container }
        })
      )
      : new ContainerNotFound({ container })
})

/** @internal */
export const spanOptions = ({ driver }: Context, { image }: Definition.Definition) => ({
  captureStackTrace: false,
  attributes: { engine: driver.engine.name, image: image.toString() }
})

const startIn = <R>(
  context: Context,
  scope: Effect.Effect<Scope.CloseableScope, never, R>,
  definition: Definition.Definition,
  lifetime: Lifetime
) =>
  ownedBy(scope, started(context, definition, lifetime)).pipe(
    Effect.withSpan("Backend.start", spanOptions(context, definition))
  )

const started = (context: Context, definition: Definition.Definition, lifetime: Lifetime) =>
  Effect.flatMap(
    created(context, definition, lifetime),
    ({ container, describing }) =>
      context.driver.containers.start(container.id).pipe(Effect.catchTags(describing), Effect.as(container))
  )

const created = Effect.fnUntraced(function*(context: Context, definition: Definition.Definition, lifetime: Lifetime) {
  const { describing, forget, id } = yield* createScoped(context, definition, lifetime)
  yield* Effect.annotateCurrentSpan({ container: id })
  return { container: makeHandle(context.driver, id, forget, definition.environment), describing }
})

/**
 * Creates a container with its files, which is removed when the scope closes. Pulls its image by the pull policy.
 *
 * @internal
 */
export const createScoped = Effect.fnUntraced(function*(
  context: Context,
  definition: Definition.Definition,
  lifetime: Lifetime
) {
  const { driver } = context
  const hasEnded = yield* Ref.make(false)
  const { create, forget } = yield* open(context, resourceOf(driver, definition, lifetime, hasEnded))
  const { id, name } = yield* pulling(driver, definition, create)
  yield* uploadFiles(driver, id, definition)
  return {
    id,
    forget,
    /** Records that the process has ended, so that the removal need not stop it. */
    setEnded: Ref.set(hasEnded, true),
    describing: describeStartErrors(driver, id, { containerName: name, image: definition.image.toString() })
  }
})

const resourceOf = (
  driver: HostedDriver,
  definition: Definition.Definition,
  lifetime: Lifetime,
  hasEnded: Ref.Ref<boolean>
): Resource<ContainerName.ContainerName, ContainerId, CreateError> => {
  const grace = Option.getOrElse(definition.stopTimeout, () => scopeGrace)
  const remove = (id: ContainerId, grace: Duration.Duration) =>
    driver.containers.remove(id, { force: true, volumes: true, grace })
  return {
    kind: "container",
    operation: "Container.create",
    lifetime,
    name: definition.name,
    toName: ContainerName.make,
    create: (name, labels) => driver.containers.create(Definition.label(definition, labels), name),
    rejections: ["NameInUse", "ImageNotFound"],
    remove: (progress) =>
      (progress._tag === "Created"
        ? Effect.flatMap(Ref.get(hasEnded), (hasEnded) => remove(progress.id, hasEnded ? Duration.zero : grace))
        : Effect.flatMap(driver.containers.inspect(progress.name), ({ id, labels }) =>
          libraryLabels.creationOf(labels) === progress.token ? remove(id, Duration.zero) : Effect.void)).pipe(
          Effect.catchTag("ContainerNotFound", () =>
            Effect.void)
        ),
    grace
  }
}

const pulling = <A, E extends { readonly _tag: string }>(
  driver: HostedDriver,
  { image, platform, pullPolicy }: Definition.Definition,
  create: Effect.Effect<A, E | CreateError>
): Effect.Effect<A, E | CreateError> => {
  const pull = Stream.runDrain(driver.images.pull(image, { platform, credentials: Option.none() }))
  switch (pullPolicy) {
    case "always":
      return Effect.zipRight(pull, create)
    case "missing":
      return Effect.catchIf(create, (error) => error._tag === "ImageNotFound", () => Effect.zipRight(pull, create))
    case "never":
      return create
  }
}
