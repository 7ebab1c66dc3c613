import { FileSystem, Path } from "@effect/platform"
import { Backend, Definition, Image, Label } from "@ociman/containers"
import { Reference } from "@ociman/oci"
import { Effect, Stream } from "effect"
import * as Http from "node:http"

const busybox = process.env["BUSYBOX"] ?? "/bin/busybox"

/** Definition of an image that contains only busybox and exists until the scope closes. */
export const busyboxImage = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const backend = yield* Backend.Backend
  const image = Reference.make(`localhost/ociman/busybox:${Math.random().toString(16).slice(2)}`)
  const directory = yield* fs.makeTempDirectoryScoped({ prefix: "ociman-busybox-" })
  yield* fs.copyFile(busybox, path.join(directory, "busybox"))
  yield* fs.writeFileString(path.join(directory, "Dockerfile"), "FROM scratch\nCOPY busybox /bin/busybox\n")
  yield* Effect.acquireRelease(
    Stream.runDrain(
      backend.builds.build({
        image,
        source: { _tag: "Directory", path: directory },
        arguments: {},
        labels: Label.empty
      })
    ),
    () => Effect.ignore(Image.removeIfPresent(image, { force: true }))
  )
  return Definition.make(image).pipe(Definition.entrypoint("/bin/busybox", "sh", "-c"))
})

/** Status code of the response of an HTTP server. */
export const status = (url: string) =>
  Effect.async<number, Error>((resume) => {
    Http.get(url, (response) => {
      response.resume()
      resume(Effect.succeed(response.statusCode ?? 0))
    }).on("error", (error) => resume(Effect.fail(error)))
  })
