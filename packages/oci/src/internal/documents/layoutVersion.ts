import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as ImageLayout from "../../author/ImageLayout.js"
import { type InvalidDocument, LayoutError } from "../../ContentError.js"
import * as json from "./json.js"

const Version = Schema.Struct({ imageLayoutVersion: Schema.String })

/** Checks that the marker of a layout is valid and of a supported version. */
export const check = (path: string, marker: Uint8Array): Effect.Effect<void, InvalidDocument | LayoutError> =>
  Effect.gen(function*() {
    const version = yield* json.parse(ImageLayout.codec.name, ImageLayout.codec.limit)(marker).pipe(
      Effect.flatMap(Schema.decodeUnknown(Version)),
      Effect.option
    )
    if (Option.isSome(version) && version.value.imageLayoutVersion !== ImageLayout.current.imageLayoutVersion) {
      const rule = `is an image layout of version ${JSON.stringify(version.value.imageLayoutVersion)}, not of 1.0.0`
      return yield* new LayoutError({ path, reason: "WrongVersion", rule })
    }
    yield* ImageLayout.codec.decode(marker)
  })
