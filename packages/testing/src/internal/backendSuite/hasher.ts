import * as FileSystem from "@effect/platform/FileSystem"
import { Hasher } from "@ociman/oci"
import * as FileTree from "@ociman/oci/author/FileTree"
import * as Effect from "effect/Effect"

/** Two of FNV-1a's numbers of 32 bits, eight times over: enough to tell the few trees of a test apart. */
const start = () => {
  let a = 0x811c9dc5
  let b = 0x01000193
  return {
    update: (bytes: Uint8Array) => {
      for (const byte of bytes) {
        a = Math.imul(a ^ byte, 0x01000193) >>> 0
        b = Math.imul(b ^ (byte + 1), 0x01000193) >>> 0
      }
    },
    digest: () => [a, b].map((number) => number.toString(16).padStart(8, "0")).join("").repeat(4)
  }
}

/**
 * Runs a test with a hasher that needs nothing but files, so that backends can
 * be tested wherever there is a platform. It is not one of cryptography.
 *
 * @internal
 */
export const withHasher = <A, E, R>(
  self: Effect.Effect<A, E, R>
): Effect.Effect<A, E, Exclude<R, Hasher.Hasher> | FileSystem.FileSystem> =>
  Effect.flatMap(
    FileSystem.FileSystem,
    (fs) => Effect.provideService(self, Hasher.Hasher, Hasher.make({ start, reader: FileTree.fromFileSystem(fs) }))
  )
