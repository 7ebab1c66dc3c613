// Linux, x86 and ARM, from 1.
const names =
  "HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS"
    .split(" ")

const firstRealTime = 34

const last = 64

/** @internal */
export const kill = 9

/** @internal */
export const terminate = 15

/**
 * The number of a signal that is given by its name, with or without `SIG`, or
 * as a number.
 *
 * @internal
 */
export const parse = (text: string): number | undefined => {
  const name = text.toUpperCase().replace(/^SIG/, "")
  const realTime = /^RTMIN(?:\+(\d+))?$/.exec(name)
  const number = realTime !== null
    ? firstRealTime + Number(realTime[1] ?? 0)
    : /^\d+$/.test(name)
    ? Number(name)
    : names.indexOf(name) + 1
  return number >= 1 && number <= last ? number : undefined
}

const harmless: ReadonlySet<number> = new Set(
  ["CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "WINCH"].map((name) => names.indexOf(name) + 1)
)

/**
 * Whether a process that does nothing about the signal ends by it.
 *
 * @internal
 */
export const ends = (signal: number): boolean => !harmless.has(signal)

/**
 * The exit code of a process that ended by a signal.
 *
 * @internal
 */
export const exitCode = (signal: number): number => 128 + signal
