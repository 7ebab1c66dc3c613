import * as CommandFailed from "@ociman/process/CommandFailed"
import * as Effect from "effect/Effect"
import { ToolMissing } from "../ToolMissing.js"

/**
 * Replaces the error of a missing or non-executable program by `ToolMissing`.
 *
 * @internal
 */
export const orMissing =
  (fixture: string, tool: string, hint: string) =>
  <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E | ToolMissing, R> =>
    Effect.mapError(self, (error) => isMissing(error) ? new ToolMissing({ fixture, tool, hint }) : error)

const isMissing = (error: unknown): boolean =>
  CommandFailed.isCommandFailed(error) && (error.reason === "NotFound" || error.reason === "PermissionDenied")
