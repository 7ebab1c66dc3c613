// ESLint rule against idioms of Effect 3 that a port to Effect 4 would have to rewrite by hand.

/** Functions of `Effect` without a successor of the same meaning. */
const functions = new Map(Object.entries({
  if: "a conditional expression",
  zipLeft: "Effect.tap",
  unlessEffect: "Effect.flatMap and a conditional expression",
  whenEffect: "Effect.flatMap and a conditional expression"
}))

/** Modules that are gone in Effect 4 or were rewritten. Internal modules may use them behind an interface of their own. */
const modules = new Set(["Encoding", "FiberRef", "List", "Mailbox", "Scheduler", "SortedMap"])

const isCommandTag = (value) => value === "PipedCommand" || value === "StandardCommand"

export default {
  rules: {
    idioms: {
      meta: {
        type: "suggestion",
        schema: [{ type: "object", properties: { allowCommands: { type: "boolean" } }, additionalProperties: false }],
        messages: {
          function: "Effect.{{name}} has no successor in Effect 4: use {{instead}}.",
          module: "effect/{{name}} changes in Effect 4: use it in an internal module only.",
          service: "Use Context.Tag.Service<typeof {{name}}>.",
          command: "The fields of commands and executors change in Effect 4: use the functions of @ociman/process."
        }
      },
      create: ({ filename, options: [{ allowCommands = false } = {}], report }) => ({
        MemberExpression(node) {
          const { computed, object, property } = node
          if (computed || object.type !== "Identifier") return
          const instead = object.name === "Effect" ? functions.get(property.name) : undefined
          if (instead !== undefined) report({ node, messageId: "function", data: { name: property.name, instead } })
          if (!allowCommands && object.name === "CommandExecutor" && property.name === "makeExecutor") {
            report({ node, messageId: "command" })
          }
        },
        ImportDeclaration(node) {
          const name = /^effect\/(\w+)$/.exec(node.source.value)?.[1]
          if (modules.has(name) && !/[\\/]internal[\\/]/.test(filename)) {
            report({ node, messageId: "module", data: { name } })
          }
        },
        TSIndexedAccessType(node) {
          const { indexType, objectType } = node
          if (
            indexType.type === "TSLiteralType" && indexType.literal.value === "Type" &&
            objectType.type === "TSTypeReference" && objectType.typeName.type !== undefined
          ) {
            report({
              node,
              messageId: "service",
              data: { name: objectType.typeName.name ?? objectType.typeName.right?.name }
            })
          }
        },
        Literal(node) {
          if (!allowCommands && isCommandTag(node.value)) report({ node, messageId: "command" })
        }
      })
    }
  }
}
