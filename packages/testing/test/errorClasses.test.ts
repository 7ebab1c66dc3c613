import { describe, expect, it } from "@effect/vitest"
import * as containers from "@ociman/containers"
import * as node from "@ociman/node"
import * as oci from "@ociman/oci"
import * as process from "@ociman/process"
import * as registry from "@ociman/registry"
import * as testing from "@ociman/testing"
import { Arbitrary, FastCheck, Predicate, Schema } from "effect"

const packages = { containers, node, oci, process, registry, testing }

const isErrorSchema = (value: unknown): value is Schema.Schema<Error & { readonly _tag: string }, unknown> =>
  Predicate.isFunction(value) && value.prototype instanceof Error && Schema.isSchema(value)

/** All public error classes with their package and module. */
const classes = Object.entries(packages).flatMap(([name, modules]) =>
  Object.entries(modules).flatMap(([module, exports]) =>
    Object.entries(exports).flatMap(([error, schema]) => isErrorSchema(schema) ? [{ name, module, error, schema }] : [])
  )
)

describe("a public error class", () => {
  it("exists in each package", () => {
    expect([...new Set(classes.map(({ name }) => name))]).toEqual(Object.keys(packages))
  })

  it.each(classes)("$error of $module is printed with its tag and its message", ({ error, schema }) => {
    FastCheck.assert(
      FastCheck.property(Arbitrary.make(schema), (instance) => {
        expect(instance.name).toBe(error)
        expect(instance._tag).toBe(error)
        expect(String(instance)).toBe(`${error}: ${instance.message}`)
      }),
      { numRuns: 20 }
    )
  })
})
