/**
 * @since 0.1.0
 */
export * as BackendSuite from "./BackendSuite.js"

/**
 * @since 0.1.0
 */
export * as FakeEngine from "./FakeEngine.js"

/**
 * @since 0.1.0
 */
export * as ImageStoreSuite from "./ImageStoreSuite.js"

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
