import { identity } from "effect/Function"
import { decode, formatOmitted, withoutCutEnd, withoutCutStart } from "./text.js"

/** @internal */
export interface Capture {
  readonly write: (bytes: Uint8Array) => void
  readonly result: () => Captured
}

/**
 * Beginning and end of an output, and its total size.
 *
 * @internal
 */
export class Captured {
  constructor(
    readonly head: Uint8Array,
    readonly tail: Uint8Array,
    readonly totalBytes: number
  ) {}

  get bytes(): Uint8Array {
    if (this.tail.length === 0) return this.head
    const bytes = new Uint8Array(this.head.length + this.tail.length)
    bytes.set(this.head)
    bytes.set(this.tail, this.head.length)
    return bytes
  }

  get omittedBytes(): number {
    return this.totalBytes - this.head.length - this.tail.length
  }

  get text(): string {
    return render(this, identity, identity, identity)
  }

  toJSON() {
    return {
      _id: "@ociman/process/Captured",
      text: this.text,
      totalBytes: this.totalBytes,
      omittedBytes: this.omittedBytes
    }
  }
}

/**
 * Renders the captured output as text. If bytes were dropped, renders both parts
 * with a line between them that tells the number of dropped bytes.
 *
 * @internal
 */
export const render = (
  self: Captured,
  onHead: (text: string) => string,
  onTail: (text: string) => string,
  onWhole: (text: string) => string
): string => {
  if (self.omittedBytes === 0) return onWhole(decode(self.bytes))
  const omitted = formatOmitted(self.omittedBytes, "bytes")
  return [onHead(decode(self.head)), omitted, onTail(decode(self.tail))].filter((part) => part !== "").join("\n")
}

/**
 * Truncates captured output to its last `limit` bytes.
 *
 * @internal
 */
export const excerpt = (self: Captured, limit: number): Captured => {
  const bytes = self.bytes
  return bytes.length <= limit
    ? self
    : new Captured(new Uint8Array(0), withoutCutStart(bytes.subarray(bytes.length - limit)), self.totalBytes)
}

/**
 * Creates a capture that keeps an output of up to `limit` bytes. Of a longer one
 * it keeps beginning and end, each half of the limit, and counts the rest.
 *
 * @internal
 */
export const make = (limit: number): Capture => {
  const headLimit = Math.ceil(limit / 2)
  const tailLimit = Math.floor(limit / 2)
  const head = makeBuffer()
  const tail = makeBuffer()
  let total = 0
  return {
    write: (bytes) => {
      total += bytes.length
      const room = Math.min(headLimit - head.length(), bytes.length)
      if (room > 0) head.append(bytes.subarray(0, room))
      if (room < bytes.length) appendLast(tail, bytes.subarray(room), tailLimit)
    },
    result: () => {
      const first = head.bytes()
      const last = tail.bytes()
      const end = last.subarray(Math.max(0, last.length - tailLimit))
      return first.length + end.length === total
        ? new Captured(first, end, total)
        : new Captured(withoutCutEnd(first), withoutCutStart(end), total)
    }
  }
}

const appendLast = (buffer: Buffer, bytes: Uint8Array, limit: number): void => {
  if (bytes.length >= limit) {
    buffer.keepLast(0)
    buffer.append(bytes.subarray(bytes.length - limit))
    return
  }
  // Dropping only at twice the limit makes the cost of copying constant per byte.
  if (buffer.length() + bytes.length > 2 * limit) buffer.keepLast(limit - bytes.length)
  buffer.append(bytes)
}

type Buffer = ReturnType<typeof makeBuffer>

const makeBuffer = () => {
  let memory = new Uint8Array(0)
  let length = 0
  return {
    length: () => length,
    bytes: () => memory.slice(0, length),
    append: (bytes: Uint8Array) => {
      if (length + bytes.length > memory.length) {
        const grown = new Uint8Array(Math.max(length + bytes.length, 2 * memory.length, 512))
        grown.set(memory.subarray(0, length))
        memory = grown
      }
      memory.set(bytes, length)
      length += bytes.length
    },
    keepLast: (count: number) => {
      memory.copyWithin(0, length - count, length)
      length = count
    }
  }
}
