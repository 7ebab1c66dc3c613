/** Arguments of a combinator that sets one entry by key and value, or all entries of a record. */
export type Entries<A> = readonly [key: string, value: A] | readonly [entries: Readonly<Record<string, A>>]

/**
 * Returns the entries that the arguments of a combinator set.
 *
 * @internal
 */
export const entriesOf = <A>(given: Entries<A>): ReadonlyArray<readonly [key: string, value: A]> =>
  given.length === 2 ? [given] : Object.entries(given[0])
