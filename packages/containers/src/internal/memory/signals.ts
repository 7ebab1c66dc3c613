// Signals of Linux on x86 and ARM, in order from 1.
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
 * Parses a signal, given by its name with or without `SIG` or by its number.
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

const ignoredByDefault: ReadonlySet<number> = new Set(
  ["CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "WINCH"].map((name) => names.indexOf(name) + 1)
)

/**
 * Reports whether the default action of a signal ends the process.
 *
 * @internal
 */
export const terminates = (signal: number): boolean => !ignoredByDefault.has(signal)

/**
 * Exit code of a process that was ended by a signal.
 *
 * @internal
 */
export const exitCode = (signal: number): number => 128 + signal
