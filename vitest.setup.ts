import { addEqualityTesters, it, makeMethods } from "@effect/vitest"

addEqualityTesters()

// Test files share a process, and `layer` leaves its methods on the one `it` of all of them.
makeMethods(it)
