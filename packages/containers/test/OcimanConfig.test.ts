import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { assertNone, assertSome, deepStrictEqual } from "@effect/vitest/utils"
import { OcimanConfig } from "@ociman/containers"
import { ConfigProvider, Effect, Either, Layer } from "effect"

const withSettings = (settings: Record<string, string>) =>
  Effect.provide(Layer.setConfigProvider(ConfigProvider.fromMap(new Map(Object.entries(settings)))))

const complaint = (text: string) => String(Either.getOrThrow(Either.flip(OcimanConfig.parse("/etc/ociman.toml", text))))

describe("OcimanConfig", () => {
  it.each(["auto", "docker", "podman"] as const)("parses the preference of %s", (engine) => {
    deepStrictEqual(
      OcimanConfig.parse("a.toml", `# mine\ndefault_backend = "${engine}"\n`),
      Either.right({ defaultBackend: engine })
    )
  })

  it("has no preference in an empty file", () => {
    deepStrictEqual(OcimanConfig.parse("a.toml", ""), Either.right(OcimanConfig.defaults))
  })

  it.each<[string, string, RegExp]>([
    ["an unknown key", "default_backend = \"docker\"\n\n# no such\nbackend = 1\n", /line 4: "backend" is unexpected/],
    ["an unknown table", "# a\n[engine]\nname = 1", /line 2: "engine" is unexpected/],
    ["a quoted key", "\"a b\" = 1", /line 1: "a b" is unexpected/],
    [
      "a value of several lines",
      "default_backend = \"\"\"\ndocker\"\"\"\nb = \"\"\"\nc = 1\n\"\"\"",
      /line 3: "b" is unexpected/
    ],
    [
      "an unknown engine",
      "\ndefault_backend = \"lxc\"",
      /line 2: "default_backend" Expected .*"podman".* actual "lxc"/
    ],
    ["a value of another type", "default_backend = 1", /line 1: "default_backend" Expected/],
    ["what is no TOML", "default_backend = \"docker\"\ndefault_backend = docker", /line 2, column \d+: /],
    ["a key that is there twice", "default_backend = \"docker\"\ndefault_backend = \"podman\"", /line 2, column \d+: /]
  ])("rejects %s and reports file and line", (_, text, expected) => {
    const message = complaint(text)
    assert.include(message, "/etc/ociman.toml")
    assert.match(message, expected)
  })

  it("reports all errors of a file", () => {
    assert.match(complaint("a = 1\nb = 2"), /line 1: "a".*line 2: "b"/s)
  })

  it.effect("is located in the user's configuration directory", () =>
    Effect.gen(function*() {
      assertSome(yield* OcimanConfig.path.pipe(withSettings({ HOME: "/home/me" })), "/home/me/.config/ociman.toml")
      assertSome(
        yield* OcimanConfig.path.pipe(withSettings({ HOME: "/home/me", XDG_CONFIG_HOME: "/c" })),
        "/c/ociman.toml"
      )
      assertNone(yield* OcimanConfig.path.pipe(withSettings({})))
    }))

  it.scoped("is read from the file, and has defaults if the file does not exist", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const directory = yield* fs.makeTempDirectoryScoped({ prefix: "ociman-settings-" })
      const load = OcimanConfig.load.pipe(withSettings({ XDG_CONFIG_HOME: directory }))
      deepStrictEqual(yield* load, OcimanConfig.defaults)
      yield* fs.writeFileString(`${directory}/ociman.toml`, "default_backend = \"podman\"")
      deepStrictEqual(yield* load, { defaultBackend: "podman" })
      yield* fs.remove(`${directory}/ociman.toml`)
      yield* fs.makeDirectory(`${directory}/ociman.toml`)
      assert.include(String(yield* Effect.flip(load)), `${directory}/ociman.toml`)
      deepStrictEqual(yield* OcimanConfig.load.pipe(withSettings({})), OcimanConfig.defaults)
    }).pipe(Effect.provide(NodeContext.layer)))
})
