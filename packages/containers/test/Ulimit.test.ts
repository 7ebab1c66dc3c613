import { assert, describe, it } from "@effect/vitest"
import { Ulimit } from "@ociman/containers"
import { Equal, FastCheck, Schema } from "effect"
import { refusal } from "./support/parsing.js"

const parse = Schema.decodeSync(Ulimit.FromString)

const limit = FastCheck.oneof(FastCheck.constant(-1), FastCheck.maxSafeNat())

describe("Ulimit", () => {
  it.each([
    [Ulimit.make("nofile", 1024), "nofile=1024:1024"],
    [Ulimit.make("nofile", 1024, 2048), "nofile=1024:2048"],
    [Ulimit.make("memlock", 0, -1), "memlock=0:-1"],
    [Ulimit.make("core", -1), "core=-1:-1"]
  ])("formats %j as %s", (ulimit, text) => {
    assert.strictEqual(Ulimit.format(ulimit), text)
    assert.isTrue(Equal.equals(parse(text), ulimit))
  })

  it("has a hard limit equal to the soft limit by default", () => {
    assert.isTrue(Equal.equals(parse("nproc=3"), Ulimit.make("nproc", 3)))
  })

  it.each([
    ["nofile", "Invalid ulimit \"nofile\": it is not like \"nofile=1024\" or \"nofile=1024:2048\""],
    ["nofile=", "Invalid ulimit \"nofile=\": it is not like"],
    ["nofile=1:2:3", "Invalid ulimit \"nofile=1:2:3\": it is not like"],
    ["files=1", "Invalid ulimit \"files=1\": \"files\" is not one of core, cpu,"],
    ["toString=1", "Invalid ulimit \"toString=1\": it is not like"],
    ["nofile=2:1", "Invalid ulimit \"nofile=2:1\": invalid limits 2:1: the soft limit is above the hard one"],
    ["nofile=-1:1", "Invalid ulimit \"nofile=-1:1\": invalid limits -1:1: the soft limit is above the hard one"],
    ["nofile=-2", "Invalid ulimit \"nofile=-2\": invalid limit -2: it is not an integer from 0 to 2^53 - 1, or -1"]
  ])("rejects %s", (text, message) => {
    assert.include(refusal(Ulimit.FromString, text), message)
  })

  it("throws for invalid literals", () => {
    assert.throws(() => Ulimit.make("nofile", 2, 1), "the soft limit is above the hard one")
    assert.throws(() => Ulimit.make("nofile", 1.5), "Invalid limit 1.5")
  })

  it.prop("parses its own format", [FastCheck.constantFrom(...Ulimit.Name.literals), limit, limit], ([
    name,
    a,
    b
  ]) => {
    const [soft, hard] = a === -1 || (b !== -1 && a > b) ? [b, a] : [a, b]
    const ulimit = Ulimit.make(name, soft, hard)
    assert.isTrue(Equal.equals(parse(Ulimit.format(ulimit)), ulimit))
  })
})
