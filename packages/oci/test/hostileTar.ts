/** An entry as described in `tar-attacks.json`. */
export interface HostileEntry {
  readonly type: string
  readonly name?: string
  readonly linkname?: string
  readonly content?: string
  readonly mode?: number
  readonly uid?: number
  readonly gid?: number
  readonly mtime?: number
  readonly pax?: Readonly<Record<string, string>>
  readonly format?: string
  readonly rawSize?: string
  readonly nameBytesHex?: string
  readonly size?: number
  readonly typeflag?: string
  readonly records?: string
  readonly realsize?: number
  readonly chunks?: ReadonlyArray<readonly [number, string]>
}

export interface HostileArchive {
  readonly entries: ReadonlyArray<HostileEntry>
  readonly truncate?: { readonly afterBytes: number }
  readonly omitEndBlocks?: boolean
}

const typeFlags: Record<string, string> = {
  file: "0",
  hardlink: "1",
  symlink: "2",
  chardev: "3",
  blockdev: "4",
  dir: "5",
  fifo: "6",
  "gnu-sparse": "S",
  "pax-global": "g",
  "raw-pax": "x"
}

const pad = (bytes: Buffer): Buffer => Buffer.concat([bytes, Buffer.alloc((512 - bytes.length % 512) % 512)])

const octal = (block: Buffer, at: number, width: number, value: number): void => {
  block.write(value.toString(8).padStart(width - 1, "0"), at, width - 1, "latin1")
}

const base256 = (block: Buffer, at: number, width: number, value: bigint): void => {
  const bits = BigInt.asUintN(width * 8, value)
  for (let i = 0; i < width; i++) block[at + i] = Number((bits >> BigInt(8 * (width - 1 - i))) & 0xFFn)
  block[at] = (block[at] ?? 0) | 0x80
}

interface Fields {
  readonly name: Buffer
  readonly typeflag: string
  readonly size: number
  readonly rawSize?: string | undefined
  readonly linkname?: string | undefined
  readonly mode?: number | undefined
  readonly uid?: number | undefined
  readonly gid?: number | undefined
  readonly mtime?: number | undefined
}

const header = (fields: Fields, prepare: (block: Buffer) => void = () => undefined): Buffer => {
  const block = Buffer.alloc(512)
  fields.name.copy(block, 0, 0, 100)
  octal(block, 100, 8, fields.mode ?? 0o644)
  octal(block, 108, 8, fields.uid ?? 0)
  octal(block, 116, 8, fields.gid ?? 0)
  if (fields.rawSize === undefined) octal(block, 124, 12, fields.size)
  else if (fields.rawSize === "base256:-1") base256(block, 124, 12, -1n)
  else if (fields.rawSize === "base256:2^62") base256(block, 124, 12, 2n ** 62n)
  else block.write(fields.rawSize, 124, 12, "latin1")
  const mtime = fields.mtime ?? 0
  if (mtime >= 0 && mtime < 8 ** 11) octal(block, 136, 12, mtime)
  else octal(block, 136, 12, 0)
  block.write(fields.typeflag, 156, 1, "latin1")
  block.write(fields.linkname ?? "", 157, 100, "utf8")
  block.write("ustar\u000000", 257, "latin1")
  prepare(block)
  block.fill(0x20, 148, 156)
  const sum = block.reduce((sum, byte) => sum + byte, 0)
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, 8, "latin1")
  return block
}

const paxRecord = (key: string, value: string): string => {
  const rest = Buffer.byteLength(` ${key}=${value}\n`)
  let length = rest
  while (String(length).length + rest !== length) length++
  return `${length} ${key}=${value}\n`
}

const extended = (typeflag: string, records: string): Buffer => {
  const body = Buffer.from(records)
  return Buffer.concat([header({ name: Buffer.from("PaxHeader"), typeflag, size: body.length }), pad(body)])
}

const longName = (typeflag: string, name: string): Buffer => {
  const body = Buffer.from(`${name}\0`)
  return Buffer.concat([header({ name: Buffer.from("././@LongLink"), typeflag, size: body.length }), pad(body)])
}

const sparse = ({ chunks = [], name = "", realsize = 0 }: HostileEntry): Buffer => {
  const data = Buffer.concat(chunks.map(([, text]) => Buffer.from(text)))
  const block = header({ name: Buffer.from(name), typeflag: "S", size: data.length }, (block) => {
    chunks.forEach(([offset, text], i) => {
      octal(block, 386 + 24 * i, 12, offset)
      octal(block, 398 + 24 * i, 12, text.length)
    })
    octal(block, 483, 12, realsize)
  })
  return Buffer.concat([block, pad(data)])
}

const entry = (victim: string) => (described: HostileEntry): Buffer => {
  const real = (text: string) => text.replaceAll("@VICTIM@", victim)
  if (described.type === "gnu-sparse") return sparse(described)
  if (described.type === "pax-global") {
    return extended("g", Object.entries(described.pax ?? {}).map(([key, value]) => paxRecord(key, value)).join(""))
  }
  if (described.type === "raw-pax") {
    const records = described.records === "@REPEAT 64 MiB@" ? "x".repeat(64 * 1024 ** 2) : described.records ?? ""
    return extended("x", records)
  }
  const isDirectory = described.type === "dir"
  const plain = real(described.name ?? "")
  const text = isDirectory && !plain.endsWith("/") ? `${plain}/` : plain
  const linkname = real(described.linkname ?? "")
  const name = described.nameBytesHex === undefined ? Buffer.from(text) : Buffer.from(described.nameBytesHex, "hex")
  const content = Buffer.from(described.content ?? "")
  const before: Array<Buffer> = []
  const records = new Map<string, string>()
  let prefix = ""
  let short = name
  if (described.format === "gnu") {
    if (name.length > 100) before.push(longName("L", text))
    if (linkname.length > 100) before.push(longName("K", linkname))
  } else if (name.length > 100) {
    const slash = text.lastIndexOf("/", 155)
    if (described.format !== "pax" && slash > 0 && text.length - slash - 1 <= 100) {
      prefix = text.slice(0, slash)
      short = Buffer.from(text.slice(slash + 1))
    } else {
      records.set("path", text)
    }
  }
  if (described.format !== "gnu" && Buffer.byteLength(linkname) > 100) records.set("linkpath", linkname)
  const { mtime } = described
  if (mtime !== undefined && (mtime < 0 || mtime >= 8 ** 11)) records.set("mtime", String(mtime))
  for (const [key, value] of Object.entries(described.pax ?? {})) records.set(key, real(value))
  if (records.size > 0) {
    before.push(extended("x", Array.from(records, ([key, value]) => paxRecord(key, value)).join("")))
  }
  const block = header({
    ...described,
    name: short,
    typeflag: described.typeflag ?? typeFlags[described.type] ?? "0",
    size: described.size ?? (described.type === "file" || described.type === "raw" ? content.length : 0),
    linkname,
    mode: described.mode ?? (isDirectory ? 0o755 : 0o644)
  }, (block) => {
    block.write(prefix, 345, 155, "utf8")
  })
  return Buffer.concat([...before, block, pad(content)])
}

/** The bytes of an archive, which may be ones that no archiver would write. */
export const hostileTar = (archive: HostileArchive, victim: string): Uint8Array => {
  const end = archive.omitEndBlocks === true ? [] : [Buffer.alloc(1024)]
  const whole = Buffer.concat([...archive.entries.map(entry(victim)), ...end])
  return whole.subarray(0, archive.truncate?.afterBytes)
}
