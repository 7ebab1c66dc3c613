interface TextDecoder {
  readonly decode: (bytes?: Uint8Array, options?: { readonly stream?: boolean }) => string
}

// Every runtime has the Encoding API, but only the types of the DOM and of Node declare it.
declare const TextDecoder: new(label?: string, options?: { readonly ignoreBOM: boolean }) => TextDecoder
declare const TextEncoder: new() => { readonly encode: (text: string) => Uint8Array }

/** @internal */
export const encode = (text: string): Uint8Array => new TextEncoder().encode(text)

/** Keeps a byte order mark, which may be part of a file that a command prints. */
const makeDecoder = () => new TextDecoder("utf-8", { ignoreBOM: true })

/** @internal */
export const decode = (bytes: Uint8Array): string => makeDecoder().decode(bytes)

/** @internal */
export const formatOmitted = (count: number, unit: "bytes" | "characters"): string => `… ${count} ${unit} omitted …`

const isContinuation = (byte: number | undefined): boolean => byte !== undefined && (byte & 0xc0) === 0x80

const sequenceLength = (byte: number): number => byte < 0xc0 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4

/**
 * Removes an incomplete UTF-8 sequence at the end of the bytes.
 *
 * @internal
 */
export const withoutCutEnd = (bytes: Uint8Array): Uint8Array => {
  let start = bytes.length - 1
  while (start > bytes.length - 4 && isContinuation(bytes[start])) start--
  const lead = bytes[start]
  return lead !== undefined && start + sequenceLength(lead) > bytes.length ? bytes.subarray(0, start) : bytes
}

/**
 * Removes the rest of an incomplete UTF-8 sequence at the beginning of the bytes.
 *
 * @internal
 */
export const withoutCutStart = (bytes: Uint8Array): Uint8Array => {
  let start = 0
  while (start < 3 && isContinuation(bytes[start])) start++
  return bytes.subarray(start)
}

/**
 * Splits chunks of bytes into lines. Sequences and line terminators may span two
 * chunks, and the last line need not be terminated.
 *
 * @internal
 */
export const makeLineSplitter = () => {
  const decoder = makeDecoder()
  let rest = ""
  const split = (text: string): Array<string> => {
    const parts = text.split("\n")
    parts[0] = rest + parts[0]
    rest = parts.pop() ?? ""
    return parts.map((line) => line.endsWith("\r") ? line.slice(0, -1) : line)
  }
  return {
    write: (bytes: Uint8Array): Array<string> => split(decoder.decode(bytes, { stream: true })),
    end: (): Array<string> => {
      const lines = split(decoder.decode())
      return rest === "" ? lines : [...lines, rest]
    }
  }
}
