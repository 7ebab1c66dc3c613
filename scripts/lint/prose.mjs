// ESLint rules for comments and names: plain technical English, with the words of the field.

/** Question words that a doc comment must not use as a noun, as in "What a build may fail with". */
const questionWords = /^(?:What|Who|Whose|How|Where|Whether)\b/

const vagueWords = /\b(?:whoever|whatever|somebody|nobody)\b/gi

const isDocComment = ({ type, value }) => type === "Block" && value.startsWith("*")

/** Text of a doc comment without the asterisks of its lines. */
const textOf = ({ value }) => value.replaceAll(/^[\s*]+/gm, "").trim()

const docComments = {
  meta: {
    type: "suggestion",
    schema: [],
    messages: { question: "Begin a doc comment with a third-person verb or a noun phrase, not with \"{{word}}\"." }
  },
  create: ({ report, sourceCode }) => ({
    Program() {
      for (const comment of sourceCode.getAllComments().filter(isDocComment)) {
        const [word] = questionWords.exec(textOf(comment)) ?? []
        if (word !== undefined) report({ loc: comment.loc, messageId: "question", data: { word } })
      }
    }
  })
}

const commentWords = {
  meta: {
    type: "suggestion",
    schema: [],
    messages: { vague: "\"{{word}}\" is vague: name the caller, the process or the value." }
  },
  create: ({ report, sourceCode }) => ({
    Program() {
      for (const comment of sourceCode.getAllComments()) {
        for (const [word] of comment.value.matchAll(vagueWords)) {
          report({ loc: comment.loc, messageId: "vague", data: { word } })
        }
      }
    }
  })
}

/** Words of names that were once used here, with the words of the field that replace them. */
const replacements = new Map([
  ["says", "message"],
  ["said", "output"],
  ["judge", "classify"],
  ["judges", "classify"],
  ["judged", "classified"],
  ["misses", "missing"],
  ["wanted", "request or required"],
  ["stranger", "foreign"],
  ["strangers", "foreign"],
  ["whereabouts", "location"],
  ["nowhere", "empty or missing"],
  ["placing", "upload"],
  ["chasing", "redirects"],
  ["pacing", "rateLimit"],
  ["proofs", "authentication"],
  ["turns", "semaphore or queue"],
  ["letting end", "awaitExit"],
  ["not given", "unimplemented"],
  ["bytes of pieces", "concat"]
])

/** Words of a name in camel, Pascal, snake or kebab case, in lower case and separated by spaces. */
const wordsOf = (name) => name.replaceAll(/([a-z\d])(?=[A-Z])|[^A-Za-z\d]+/g, "$1 ").trim().toLowerCase()

const find = (name) => [...replacements.keys()].find((words) => ` ${wordsOf(name)} `.includes(` ${words} `))

/** Reports whether an identifier refers to a name of another value or module, or repeats its neighbour. */
const isReference = (node) => {
  const { parent } = node
  switch (parent.type) {
    case "MemberExpression":
      return !parent.computed && parent.property === node
    case "ImportSpecifier":
      return parent.imported === node
    case "ExportSpecifier":
      return parent.local === node
    case "Property":
      return parent.shorthand && parent.key === node
    case "TSQualifiedName":
      return parent.right === node
    default:
      return false
  }
}

const names = {
  meta: {
    type: "suggestion",
    schema: [],
    messages: { replace: "\"{{name}}\": use a word of the field instead of \"{{words}}\", such as {{replacement}}." }
  },
  create: ({ filename, report }) => {
    const complain = (location, name) => {
      const words = find(name)
      if (words === undefined) return
      report({ ...location, messageId: "replace", data: { name, words, replacement: replacements.get(words) } })
    }
    return {
      Program(node) {
        complain({ node, loc: { line: 1, column: 0 } }, filename.replace(/^.*[\\/]/, "").replace(/\..*$/, ""))
      },
      Identifier(node) {
        if (!isReference(node)) complain({ node }, node.name)
      }
    }
  }
}

export default { rules: { "doc-comments": docComments, "comment-words": commentWords, names } }
