import { Command, HttpClient } from "@effect/platform"
import { Container, ContainerId, Definition, Exec, Image, Port } from "@ociman/containers"
import { Reference } from "@ociman/oci"
import { Effect, Schedule } from "effect"
import { labels, step } from "./step.js"

const page = (container: Container.Container, path = "") =>
  Effect.gen(function*() {
    const { host, port } = yield* container.address(8080)
    const url = `http://${host}:${port}/${path}`
    const response = yield* HttpClient.get(url).pipe(
      Effect.retry({ schedule: Schedule.spaced("20 millis"), times: 100 })
    )
    return `${url} ${yield* response.text}`
  })

const web = (image: Reference.Reference) =>
  Definition.make(image).pipe(
    Definition.publish(Port.tcp(8080)), // 127.0.0.1, a free host port
    Definition.env("GREETING", "hello"),
    Definition.label(labels),
    Definition.init
  )

/** Starts a container, uses it and removes it. */
export const life = (image: Reference.Reference) =>
  Effect.gen(function*() {
    const container = yield* step("start", Container.start(web(image)), ({ id }) => ContainerId.short(id))
    yield* step("fetch", page(container), (text) => text)
    yield* step("exec", container.exec(Exec.make("/bin/busybox", "sh", "-c", "echo $GREETING")), ({ stdout }) => stdout)
    // The platform's own Command, inside the container
    const uname = Command.make("/bin/busybox", "uname", "-sm").pipe(Command.string, Effect.provide(container.executor))
    yield* step("command", uname, (output) => output)
    const file = container.writeFile("/www/in.txt", "Copied in.")
    yield* step("copy in", Effect.zipRight(file, page(container, "in.txt")), (text) => text)
    yield* step("copy out", container.readFileString("/www/index.html"), (text) => text)

    const snapshot = Reference.make("localhost/ociman/demo:snapshot")
    yield* Effect.addFinalizer(() => Effect.ignoreLogged(Image.removeIfPresent(snapshot)))
    yield* step("commit", container.commit(snapshot), () => `${snapshot}`)

    yield* step("stop", container.stop({ grace: "1 second" }), () => "stopped")
    yield* step("remove", container.remove(), () => "removed")

    const cat = Definition.make(snapshot).pipe(Definition.entrypoint("/bin/busybox", "cat"))
    yield* step("snapshot", Container.run(Definition.command(cat, "/www/in.txt")), ({ stdout }) => stdout)
  })
