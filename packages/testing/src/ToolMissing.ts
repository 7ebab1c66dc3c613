/**
 * The error of a fixture that needs an installed program.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/**
 * A fixture needs a program that is not installed or not executable.
 *
 * @since 0.1.0
 * @category errors
 */
export class ToolMissing extends Schema.TaggedError<ToolMissing>("@ociman/testing/ToolMissing")("ToolMissing", {
  /** Name of the fixture, such as `LocalRegistry`. */
  fixture: Schema.String,
  /** Description of the program and of its expected location. */
  tool: Schema.String,
  /** Installation instructions. */
  hint: Schema.String
}) {
  /**
   * @since 0.1.0
   */
  override get message() {
    return `${this.fixture} needs ${this.tool}, which is not installed or not executable. ${this.hint}`
  }
}
