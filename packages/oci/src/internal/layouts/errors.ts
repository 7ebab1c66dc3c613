/** Errors of accessing the files of a layout. */
import { LayoutError } from "../../ContentError.js"

export const unreadable = (path: string) => (cause: unknown): LayoutError =>
  cause instanceof LayoutError
    ? cause
    : new LayoutError({ path, reason: "Unreadable", rule: "cannot be read", cause })

export const unwritable = (path: string) => (cause: unknown): LayoutError =>
  new LayoutError({ path, reason: "Unwritable", rule: "cannot be written", cause })

export const damaged = (path: string, rule: string): LayoutError => new LayoutError({ path, reason: "Damaged", rule })
