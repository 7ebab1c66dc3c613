import { FileSystem, Path } from "@effect/platform"
import { Build, Image } from "@ociman/containers"
import { Config, Effect } from "effect"
import { example, step } from "./step.js"

/** Build context: the directory `web` and a static executable that serves it. */
const context = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const busybox = yield* Config.string("BUSYBOX").pipe(Config.withDefault("/bin/busybox"))
  const directory = yield* fs.makeTempDirectoryScoped({ prefix: "ociman-demo-" })
  yield* fs.copy(yield* path.fromFileUrl(new URL("./web", import.meta.url)), directory, { overwrite: true })
  yield* fs.copyFile(busybox, path.join(directory, "busybox"))
  return directory
})

/** Builds an image if it is absent and removes it when the scope closes. */
export const image = Effect.gen(function*() {
  const build = Build.fromDirectory(yield* context).pipe(
    Build.label(example.key, example.value),
    Build.contentAddressed("localhost/ociman/demo") // the tag is a hash of all that goes in
  )
  const image = yield* Build.reference(build)
  yield* Effect.addFinalizer(() => Effect.ignoreLogged(Image.removeIfPresent(image)))
  yield* step("build", Build.ensure(build), ({ built }) => `${built ? "built" : "found"} ${image}`)
  yield* step("build", Build.ensure(build), ({ built }) => built ? "built again" : "skipped: nothing changed")
  return image
})
