/**
 * @since 0.1.0
 */
export * as FakeEngine from "./FakeEngine.js"

/**
 * A scripted registry for tests of failures: it follows the distribution protocol and deviates from it where a script
 * defines a fault, so that clients can be tested against errors that no real registry produces on demand.
 *
 * @since 0.1.0
 */
export * as FaultyRegistry from "./FaultyRegistry.js"

/**
 * @since 0.1.0
 */
export * as Leftovers from "./Leftovers.js"

/**
 * @since 0.1.0
 */
export * as LocalRegistry from "./LocalRegistry.js"

/**
 * @since 0.1.0
 */
export * as TestImage from "./TestImage.js"

/**
 * @since 0.1.0
 */
export * as ToolMissing from "./ToolMissing.js"
