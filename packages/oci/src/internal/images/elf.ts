import * as Either from "effect/Either"
import * as Platform from "../../Platform.js"
import type { ExecutableError } from "./errors.js"

/** Number of bytes to read: the headers are at the beginning of a program. */
export const headerLimit = 64 * 1024

type Fault = Pick<ExecutableError, "reason" | "detail">

const fault = (reason: Fault["reason"], detail = ""): Either.Either<never, Fault> => Either.left({ reason, detail })

const is64 = 2

const littleEndian = 1

/** Platforms by machine, class and byte order. */
const platforms: Partial<Record<string, Platform.Platform>> = {
  "3/1/1": Platform.make("linux/386"),
  "62/2/1": Platform.make("linux/amd64"),
  "183/2/1": Platform.make("linux/arm64"),
  "40/1/1": Platform.make("linux/arm"),
  "243/2/1": Platform.make("linux/riscv64"),
  "21/2/1": Platform.make("linux/ppc64le"),
  "22/2/2": Platform.make("linux/s390x")
}

const executable = 2

const positionIndependent = 3

const interpreter = 3

/** System V (unspecified) and GNU/Linux. */
const systems = [0, 3]

/**
 * Platform of a statically linked program.
 *
 * @see https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html
 */
export const platformOf = (
  bytes: Uint8Array,
  options: { readonly dynamic: boolean }
): Either.Either<Platform.Platform, Fault> => {
  const [a, b, c, d, elfClass = 0, order = 0, , system = 0] = bytes
  if (a !== 0x7F || b !== 0x45 || c !== 0x4C || d !== 0x46) return fault("NotElf")
  const wide = elfClass === is64
  if (bytes.length < (wide ? 64 : 52)) return fault("NotElf", "it ends in its header")
  const number = (at: number, width: number): number => {
    let value = 0
    for (let i = 0; i < width; i++) {
      value = value * 256 + (bytes[order === littleEndian ? at + width - 1 - i : at + i] ?? 0)
    }
    return value
  }
  if (!systems.includes(system)) return fault("UnsupportedSystem", `its ABI has the number ${system}`)
  const machine = number(18, 2)
  const platform = platforms[`${machine}/${elfClass}/${order}`]
  if (platform === undefined) return fault("UnsupportedMachine", `its machine has the number ${machine}`)
  const type = number(16, 2)
  const entry = number(24, wide ? 8 : 4)
  if ((type !== executable && type !== positionIndependent) || entry === 0) return fault("NotExecutable")
  const start = wide ? number(32, 8) : number(28, 4)
  const size = number(wide ? 54 : 42, 2)
  const count = number(wide ? 56 : 44, 2)
  if (start + size * count > bytes.length) return fault("NotElf", "its program headers are not at its beginning")
  for (let i = 0; i < count; i++) {
    if (number(start + i * size, 4) === interpreter && !options.dynamic) return fault("Dynamic")
  }
  return Either.right(platform)
}
