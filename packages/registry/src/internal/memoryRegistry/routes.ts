import type * as Hasher from "@ociman/oci/Hasher"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as blobs from "./blobs.js"
import { errorResponse, type Incoming, json, type Outgoing } from "./http.js"
import * as listing from "./listing.js"
import * as manifests from "./manifests.js"
import type { State } from "./state.js"
import * as uploads from "./uploads.js"

type Handled<E> = Effect.Effect<Outgoing, E>

interface Route {
  readonly path: RegExp
  readonly methods: ReadonlyArray<string>
  readonly handle: <E>(
    state: State,
    hasher: Context.Tag.Service<typeof Hasher.Hasher>,
    request: Incoming<E>,
    name: string,
    reference: string
  ) => Handled<E>
}

const readMethods = ["GET", "HEAD"]

const routes: ReadonlyArray<Route> = [
  {
    path: /^\/v2\/?$/,
    methods: readMethods,
    handle: () => Effect.succeed(json(200, {}, { "docker-distribution-api-version": "registry/2.0" }))
  },
  {
    path: /^\/v2\/_catalog$/,
    methods: readMethods,
    handle: (state, _, request) => Effect.sync(() => listing.catalog(state, request))
  },
  {
    path: /^\/v2\/(.+)\/blobs\/uploads\/?$/,
    methods: ["POST"],
    handle: (state, hasher, request, name) => uploads.start(state, hasher, request, name)
  },
  {
    path: /^\/v2\/(.+)\/blobs\/uploads\/([^/]+)$/,
    methods: ["GET", "PATCH", "PUT", "DELETE"],
    handle: uploads.proceed
  },
  {
    path: /^\/v2\/(.+)\/blobs\/([^/]+)$/,
    methods: [...readMethods, "DELETE"],
    handle: (state, _, request, name, digest) => Effect.sync(() => blobs.handle(state, request, name, digest))
  },
  {
    path: /^\/v2\/(.+)\/manifests\/([^/]+)$/,
    methods: [...readMethods, "PUT", "DELETE"],
    handle: manifests.handle
  },
  {
    path: /^\/v2\/(.+)\/tags\/list$/,
    methods: readMethods,
    handle: (state, _, request, name) => Effect.sync(() => listing.tags(state, request, name))
  },
  {
    path: /^\/v2\/(.+)\/referrers\/([^/]+)$/,
    methods: readMethods,
    handle: (state, _, request, name, subject) => Effect.sync(() => listing.referrers(state, request, name, subject))
  }
]

const component = /^[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*$/

const isName = (name: string) => name.length <= 255 && name.split("/").every((part) => component.test(part))

/** @internal */
export const handle = <E>(
  state: State,
  hasher: Context.Tag.Service<typeof Hasher.Hasher>,
  request: Incoming<E>
): Handled<E> => {
  for (const route of routes) {
    const found = route.path.exec(request.path)
    if (found === null) continue
    const [, name, reference = ""] = found
    if (name !== undefined && !isName(name)) {
      return Effect.succeed(errorResponse("NAME_INVALID", `${name} is not a valid repository name`))
    }
    const isDisabled = request.method === "DELETE" && !state.deletes && !request.path.includes("/uploads/")
    if (!route.methods.includes(request.method) || isDisabled) {
      return Effect.succeed(errorResponse("UNSUPPORTED", `${request.method} is not supported for this path`))
    }
    return route.handle(state, hasher, request, name ?? "", reference)
  }
  return Effect.succeed(errorResponse("UNSUPPORTED", "the path does not exist", { status: 404 }))
}
