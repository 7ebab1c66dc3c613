/**
 * @since 0.1.0
 */
export * as FakeEngine from "./FakeEngine.js"

/**
 * A registry to fail with: it keeps the distribution protocol, and breaks it where a script of yours says so, so that
 * what pushes and pulls can be tested where no real registry would misbehave on demand.
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
