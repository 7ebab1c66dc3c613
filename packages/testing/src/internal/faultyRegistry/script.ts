import * as Data from "effect/Data"
import { dual } from "effect/Function"
import { pipeArguments } from "effect/Pipeable"
import type * as Faulty from "../../FaultyRegistry.js"

class Answer extends Data.Class<Pick<Faulty.Answer, "source" | "changes">> implements Faulty.Answer {
  pipe() {
    return pipeArguments(this, arguments)
  }
}

class Script extends Data.Class<Omit<Faulty.Script, "pipe">> implements Faulty.Script {
  pipe() {
    return pipeArguments(this, arguments)
  }
}

/** @internal */
export const Source = Data.taggedEnum<Faulty.Source>()

/** @internal */
export const Change = Data.taggedEnum<Faulty.Change>()

/** @internal */
export const Authentication = Data.taggedEnum<Faulty.Authentication>()

/** @internal */
export const isAnswer = (u: unknown): u is Faulty.Answer => u instanceof Answer

/** @internal */
export const isScript = (u: unknown): u is Faulty.Script => u instanceof Script

/**
 * An answer without modifications.
 *
 * @internal
 */
export const from = (source: Faulty.Source): Faulty.Answer => new Answer({ source, changes: [] })

/** @internal */
export const changed = (self: Faulty.Answer, change: Faulty.Change): Faulty.Answer =>
  new Answer({ source: self.source, changes: [...self.changes, change] })

/**
 * Makes a combinator that adds a modification to an answer.
 *
 * @internal
 */
export const changing = <A>(change: (value: A) => Faulty.Change): {
  (value: A): (self: Faulty.Answer) => Faulty.Answer
  (self: Faulty.Answer, value: A): Faulty.Answer
} => dual(2, (self: Faulty.Answer, value: A) => changed(self, change(value)))

/**
 * A script without rules.
 *
 * @internal
 */
export const always = (otherwise: Faulty.Answer): Faulty.Script =>
  new Script({ rules: [], otherwise, authentication: undefined, options: {} })

/** @internal */
export const edited = (
  { authentication, options, otherwise, rules }: Faulty.Script,
  part: Partial<Omit<Faulty.Script, "pipe">>
): Faulty.Script => new Script({ rules, otherwise, authentication, options, ...part })

/**
 * Makes a combinator that sets a part of a script.
 *
 * @internal
 */
export const setting = <A>(part: (value: A) => Partial<Omit<Faulty.Script, "pipe">>): {
  (value: A): (self: Faulty.Script) => Faulty.Script
  (self: Faulty.Script, value: A): Faulty.Script
} => dual(2, (self: Faulty.Script, value: A) => edited(self, part(value)))
