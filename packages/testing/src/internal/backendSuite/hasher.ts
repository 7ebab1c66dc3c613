import * as FileSystem from "@effect/platform/FileSystem"
import * as FileTree from "@ociman/oci/author/FileTree"
import * as Hasher from "@ociman/oci/Hasher"
import * as Effect from "effect/Effect"

/** Two 32-bit FNV-1a hashes, repeated to 64 digits: enough to distinguish the few trees of a test. */
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
 * Provides a hasher that needs only a file system, so that backends can be tested
 * on every platform. It is not cryptographic.
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
