/** The only module that looks into platform errors. */
import * as Predicate from "effect/Predicate"

const hasReason = (error: unknown, reason: string): boolean =>
  Predicate.hasProperty(error, "reason") && error.reason === reason

/** Reports whether an operation failed since a path does not exist. */
export const isNotFound = (error: unknown): boolean => hasReason(error, "NotFound")

/** Reports whether an operation of the platform failed since a path exists already. */
export const isAlreadyExists = (error: unknown): boolean =>
  Predicate.isTagged(error, "SystemError") && hasReason(error, "AlreadyExists")
