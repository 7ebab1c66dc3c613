/** How the name of a whiteout begins; what follows is the name that is removed. */
export const prefix = ".wh."

/** Hides everything that lower layers have in the directory. */
export const opaque = ".wh..wh..opq"

/** Other names that begin so are left from AUFS and mean nothing. */
const metaPrefix = ".wh..wh."

/** What the name of an entry means to who unpacks it. */
export type Meaning =
  | { readonly _tag: "Entry" }
  | { readonly _tag: "Whiteout"; readonly name: string }
  | { readonly _tag: "Opaque" }
  | { readonly _tag: "Ignored" }
  | { readonly _tag: "Invalid" }

/** Of a path by its parts. */
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
