/** Expected part of a frame. */
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

/** Mutable scanner for the ends of frames. Unusable after the first error. */
export interface Frames {
  /** Splits bytes at the ends of frames and appends them to `pieces`. Returns an error message, if any. */
  readonly push: (bytes: Uint8Array, pieces: Array<Uint8Array>) => string | undefined
  /** Returns an error message if the input ends within a frame. */
  readonly end: () => string | undefined
}

const frame = 0xFD2FB528

const skippable = 0x184D2A50

/** Returns the size of the header after its descriptor. */
const headerSize = (descriptor: number): number => {
  const singleSegment = (descriptor & 0x20) !== 0
  const dictionary = [0, 1, 2, 4][descriptor & 3] ?? 0
  const contentSize = [singleSegment ? 1 : 0, 2, 4, 8][descriptor >> 6] ?? 0
  return (singleSegment ? 0 : 1) + dictionary + contentSize
}

/** Checks if the bytes of a part determine what follows. */
const hasValue = (part: Part): boolean => part !== "Content" && part !== "End" && part !== "Header"

/** Returns the value of bytes in a little-endian number, of which the first one has the given index. */
const littleEndian = (bytes: Uint8Array, first: number): number =>
  bytes.reduce((value, byte, i) => value + byte * 2 ** (8 * (first + i)), 0)

/**
 * Creates a scanner for the ends of frames. The decoder of Node.js silently ignores data after a frame in the same chunk,
 * and some versions ignore a missing end.
 *
 * @see https://www.rfc-editor.org/rfc/rfc8878#section-3.1
 */
export const make = (): Frames => {
  let part: Part = "Begin"
  let partSize = 1
  let value = 0
  let received = 0
  let checksum = false
  let last = false
  let hasFrame = false

  const expect = (next: Part, bytes: number): undefined => {
    part = next
    partSize = bytes
    value = received = 0
  }

  const boundary = (): undefined => {
    hasFrame = true
    expect("Begin", 1)
  }

  const block = (): undefined => last ? checksum ? expect("End", 4) : boundary() : expect("BlockHeader", 3)

  /** Processes a complete part. */
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
        // An RLE block contains a single byte.
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
        else if (hasFrame) part = "Padding"
        else return "there is no frame at the beginning"
      }
      if (part === "Padding") {
        if (bytes.subarray(at).some((byte) => byte !== 0)) return "something follows the padding at the end"
        return
      }
      const length = Math.min(partSize - received, bytes.length - at)
      if (hasValue(part)) value += littleEndian(bytes.subarray(at, at + length), received)
      received += length
      at += length
      if (received === partSize) {
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
    (part === "Begin" && hasFrame) || part === "Padding" ? undefined : "it ends too early"

  return { push, end }
}
