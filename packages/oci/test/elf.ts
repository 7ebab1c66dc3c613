export interface Elf {
  readonly machine?: number
  readonly wide?: boolean
  readonly little?: boolean
  readonly type?: number
  readonly entry?: number
  readonly system?: number
  readonly interpreter?: boolean
  readonly headersAt?: number
}

/** Headers of a program without code. */
export const elf = (options: Elf): Uint8Array => {
  const { entry = 0x400000, interpreter = false, little = true, machine = 62, system = 0, type = 2, wide = true } =
    options
  const headerSize = wide ? 64 : 52
  const programSize = wide ? 56 : 32
  const at = options.headersAt ?? headerSize
  const bytes = new Uint8Array(headerSize + programSize)
  const view = new DataView(bytes.buffer)
  bytes.set([0x7F, 0x45, 0x4C, 0x46, wide ? 2 : 1, little ? 1 : 2, 1, system])
  view.setUint16(16, type, little)
  view.setUint16(18, machine, little)
  view.setUint32(20, 1, little)
  if (wide) {
    view.setBigUint64(24, BigInt(entry), little)
    view.setBigUint64(32, BigInt(at), little)
    view.setUint16(54, programSize, little)
    view.setUint16(56, 1, little)
  } else {
    view.setUint32(24, entry, little)
    view.setUint32(28, at, little)
    view.setUint16(42, programSize, little)
    view.setUint16(44, 1, little)
  }
  view.setUint32(headerSize, interpreter ? 3 : 1, little)
  return bytes
}
