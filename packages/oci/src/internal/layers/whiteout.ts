/** Prefix of a whiteout. The rest of its name is the removed name. */
export const prefix = ".wh."

/** Opaque whiteout: hides all entries of lower layers in the directory. */
export const opaque = ".wh..wh..opq"

/** Prefix of other AUFS metadata, which is ignored. */
const metaPrefix = ".wh..wh."

/** Meaning of an entry's name. */
export type Meaning =
  | { readonly _tag: "Entry" }
  | { readonly _tag: "Whiteout"; readonly name: string }
  | { readonly _tag: "Opaque" }
  | { readonly _tag: "Ignored" }
  | { readonly _tag: "Invalid" }

/** Classifies a path by its components. */
export const meaningOf = (parts: ReadonlyArray<string>): Meaning => {
  const name = parts[parts.length - 1] ?? ""
  const parents = parts.slice(0, -1)
  if (parents.some((part) => part.startsWith(metaPrefix))) return { _tag: "Ignored" }
  if (parents.some((part) => part.startsWith(prefix))) return { _tag: "Invalid" }
  if (!name.startsWith(prefix)) return { _tag: "Entry" }
  if (name === opaque) return { _tag: "Opaque" }
  if (name.startsWith(metaPrefix)) return { _tag: "Ignored" }
  const removed = name.slice(prefix.length)
  return removed === "" || removed === "." || removed === ".."
    ? { _tag: "Invalid" }
    : { _tag: "Whiteout", name: removed }
}
