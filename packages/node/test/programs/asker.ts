/** Prints the answer to a request, or why there is none: `asker.ts URL AUTHORITY`. */
import { HttpClientRequest } from "@effect/platform"
import { NodeRuntime } from "@effect/platform-node"
import { Effect } from "effect"
import { readFileSync } from "node:fs"
import { client, send } from "../servers.js"

const [, , url = "", authority = ""] = process.argv

send(HttpClientRequest.get(url)).pipe(
  Effect.catchAll((error) => Effect.succeed(String(error.cause))),
  Effect.tap((text) => Effect.sync(() => process.stdout.write(text))),
  Effect.provide(client({ certificateAuthorities: [readFileSync(authority, "utf8")] })),
  NodeRuntime.runMain
)
