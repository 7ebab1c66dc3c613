/** Entries of the index of a store, named and unnamed. */
import * as Option from "effect/Option"
import { refName } from "../../Annotations.js"
import type { Descriptor } from "../../Descriptor.js"
import type { WellFormed } from "../../Digest.js"

type Entries = ReadonlyArray<Descriptor>

export const nameOf = (entry: Descriptor): string | undefined => entry.annotations?.[refName]

const withoutName = (entry: Descriptor): Descriptor => {
  const { annotations = {}, ...rest } = entry
  const { [refName]: _, ...others } = annotations
  return Object.keys(others).length === 0 ? rest : { ...rest, annotations: others }
}

export const withName = (descriptor: Descriptor, name: string): Descriptor => {
  const { data: _, ...entry } = descriptor
  return { ...entry, annotations: { ...entry.annotations, [refName]: name } }
}

export const find = (entries: Entries, name: string): Option.Option<Descriptor> =>
  Option.fromNullable(entries.find((entry) => nameOf(entry) === name))

export const names = (entries: Entries): ReadonlyArray<string> => [
  ...new Set(entries.flatMap((entry) => nameOf(entry) ?? []))
]

const has = (entries: Entries, digest: WellFormed): boolean => entries.some((entry) => entry.digest === digest)

/** Adds an entry for a descriptor. Unnamed entries of its children are no longer needed. */
export const list = (entries: Entries, descriptor: Descriptor, children: Entries): Entries => {
  const kept = entries.filter((entry) => nameOf(entry) !== undefined || !has(children, entry.digest))
  const { data: _, ...entry } = descriptor
  return has(kept, descriptor.digest) ? kept : [...kept, withoutName(entry)]
}

/** Removes a name. Content without another entry keeps an unnamed one. */
export const untag = (entries: Entries, name: string): Entries => {
  const kept = entries.filter((entry) => nameOf(entry) !== name)
  return entries
    .filter((entry) => nameOf(entry) === name)
    .reduce<Entries>((all, entry) => has(all, entry.digest) ? all : [...all, withoutName(entry)], kept)
}

/** Names a descriptor. The name moves from its previous content, and an unnamed entry of the descriptor is replaced. */
export const tag = (entries: Entries, descriptor: Descriptor, name: string): Entries => [
  ...untag(entries, name).filter((entry) => entry.digest !== descriptor.digest || nameOf(entry) !== undefined),
  withName(descriptor, name)
]

export const remove = (entries: Entries, digest: WellFormed): Entries =>
  entries.filter((entry) => entry.digest !== digest)
