import { Container, Definition, Exec, Mount, Port, Volume } from "@ociman/containers"
import type { Reference } from "@ociman/oci"
import { Effect, Schedule } from "effect"

/** Serves pages on any backend until the scope closes. */
export const site = (image: Reference.Reference, pages: Readonly<Record<string, string>>) =>
  Effect.gen(function*() {
    const volume = yield* Volume.make() // removed when the scope closes, after its container
    const server = Definition.make(image).pipe(
      Definition.command("httpd", "-f", "-p", "8080", "-h", "/www"),
      Definition.mount(Mount.volume({ source: volume, target: "/www" })),
      Definition.publish(Port.tcp(8080)) // on 127.0.0.1, at a free port
    )
    const container = yield* Container.start(
      Object.entries(pages).reduce((self, [name, text]) => Definition.file(self, `/www/${name}`, text), server)
    )
    const look = Exec.make("wget", "-q", "-O", "/dev/null", "http://127.0.0.1:8080/")
    yield* Effect.retry(container.exec(look), { schedule: Schedule.spaced("50 millis"), times: 40 })
    const { host, port } = yield* container.address(8080)
    return { container, url: `http://${host}:${port}/` }
  })
