/**
 * The error of a fixture that needs a program of this machine.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/**
 * A fixture needs a program that is not installed, or may not be executed.
 *
 * @since 0.1.0
 * @category errors
 */
export class ToolMissing extends Schema.TaggedError<ToolMissing>("@ociman/testing/ToolMissing")("ToolMissing", {
  /** The fixture, such as `LocalRegistry`. */
  fixture: Schema.String,
  /** The program, as it was looked for. */
  tool: Schema.String,
  /** The way to install it. */
  hint: Schema.String
}) {
  /**
   * @since 0.1.0
   */
  override get message() {
    return `${this.fixture} needs ${this.tool}, which is not installed or may not be executed. ${this.hint}`
  }
}
