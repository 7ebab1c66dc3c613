/** What is expected next: so many bytes that say what follows, or so many that say nothing. */
type Part =
  | "Begin"
  | "Magic"
  | "SkippableSize"
  | "Descriptor"
  | "Header"
  | "BlockHeader"
  | "Content"
  | "End"
  | "Padding"

/** Reads no more of frames than where they end. It is mutable and over with the first fault. */
export interface Frames {
  /** Adds the bytes in pieces of which none has parts of two frames, or says what is wrong. */
  readonly push: (bytes: Uint8Array, pieces: Array<Uint8Array>) => string | undefined
  readonly end: () => string | undefined
}

const frame = 0xFD2FB528

const skippable = 0x184D2A50

/** Bytes of the header after its descriptor. */
const headerSize = (descriptor: number): number => {
  const singleSegment = (descriptor & 0x20) !== 0
  const dictionary = [0, 1, 2, 4][descriptor & 3] ?? 0
  const contentSize = [singleSegment ? 1 : 0, 2, 4, 8][descriptor >> 6] ?? 0
  return (singleSegment ? 0 : 1) + dictionary + contentSize
}

/**
 * Finds where frames end. The decoder of Node.js leaves out, without an error, what follows a frame in the same piece,
 * and some versions of it the end that is missing.
 *
 * @see https://www.rfc-editor.org/rfc/rfc8878#section-3.1
 */
export const make = (): Frames => {
  let part: Part = "Begin"
  let wanted = 1
  let value = 0
  let received = 0
  let checksum = false
  let last = false
  let any = false

  const expect = (next: Part, bytes: number): undefined => {
    part = next
    wanted = bytes
    value = received = 0
  }

  const boundary = (): undefined => {
    any = true
    expect("Begin", 1)
  }

  const block = (): undefined => last ? checksum ? expect("End", 4) : boundary() : expect("BlockHeader", 3)

  /** All bytes of a part are there. */
  const complete = (): string | undefined => {
    switch (part) {
      case "Magic":
        if (value === frame) expect("Descriptor", 1)
        else if (value >= skippable && value < skippable + 16) expect("SkippableSize", 4)
        else return "there is no frame where one should begin"
        return
      case "SkippableSize":
        return value === 0 ? boundary() : expect("End", value)
      case "Descriptor": {
        checksum = (value & 4) !== 0
        last = false
        const size = headerSize(value)
        return size === 0 ? block() : expect("Header", size)
      }
      case "Header":
      case "Content":
        return block()
      case "BlockHeader": {
        last = (value & 1) !== 0
        // A block of one byte that is repeated has that byte only.
        const size = (value >> 1 & 3) === 1 ? 1 : value >> 3
        return size === 0 ? block() : expect("Content", size)
      }
      case "End":
        return boundary()
      case "Begin":
      case "Padding":
        return
    }
  }

  const push: Frames["push"] = (bytes, pieces) => {
    let begin = 0
    for (let at = 0; at < bytes.length;) {
      if (part === "Begin") {
        if (bytes[at] !== 0) expect("Magic", 4)
        else if (any) part = "Padding"
        else return "there is no frame at the beginning"
      }
      if (part === "Padding") {
        if (bytes.subarray(at).some((byte) => byte !== 0)) return "something follows the padding at the end"
        return
      }
      const length = Math.min(wanted - received, bytes.length - at)
      if (part !== "Content" && part !== "End" && part !== "Header") {
        for (let i = 0; i < length; i++) value += (bytes[at + i] ?? 0) * 2 ** (8 * (received + i))
      }
      received += length
      at += length
      if (received === wanted) {
        const fault = complete()
        if (fault !== undefined) return fault
      }
      if (part === "Begin" || at === bytes.length) {
        pieces.push(bytes.subarray(begin, at))
        begin = at
      }
    }
    return
  }

  const end = (): string | undefined =>
    (part === "Begin" && any) || part === "Padding" ? undefined : "it ends too early"

  return { push, end }
}
