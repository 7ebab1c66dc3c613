import effectPlugin from "@effect/eslint-plugin"
import js from "@eslint/js"
import regexpPlugin from "eslint-plugin-regexp"
import tseslint from "typescript-eslint"
import effect4 from "./scripts/lint/effect4.mjs"
import prose from "./scripts/lint/prose.mjs"

const formatting = {
  "@effect/dprint": ["error", {
    config: {
      indentWidth: 2,
      lineWidth: 120,
      semiColons: "asi",
      quoteStyle: "alwaysDouble",
      trailingCommas: "never",
      operatorPosition: "maintain",
      "arrowFunction.useParentheses": "force"
    }
  }]
}

const spreadInPush = {
  selector: "CallExpression[callee.property.name='push'] > SpreadElement",
  message: "A spread in push overflows the stack for long arrays."
}

const failures = [
  { selector: "ThrowStatement", message: "Fail with a typed error: Effect.fail, Either.left, Schema." },
  { selector: "TryStatement", message: "Use Effect.try, Effect.tryPromise or Either.try." }
]

const promises = [
  { selector: ":function[async=true]", message: "Return an Effect." },
  { selector: "AwaitExpression", message: "Yield an Effect." },
  { selector: "ForOfStatement[await=true]", message: "Use a Stream." },
  {
    selector: "MemberExpression[object.name='Effect'][property.name=/^run/]",
    message: "Only the program's edge runs an Effect."
  }
]

const testApi = "/^(it|test|describe|suite|layer)$/"
const selective = [`[object.name=${testApi}]`, `[object.object.name=${testApi}]`].map((object) => ({
  selector: `MemberExpression[property.name=/^(only|skip|todo|fails)$/]${object}`,
  message: "Every test runs, in every run."
}))

// chai compares own properties, and `None` has none.
const blindToNone = {
  selector:
    "CallExpression[callee.object.name='assert'][callee.property.name='deepStrictEqual'] MemberExpression[object.name='Option'][property.name=/^(some|none)$/]",
  message:
    "It does not distinguish None and Some: use assertSome, assertNone or deepStrictEqual of @effect/vitest/utils."
}

/** Files whose idioms of Effect 3 still have to be replaced: processes, and public modules over sorted maps and lists. */
const exemptFromEffect4 = [
  "packages/process/**",
  "packages/containers/src/{Environment,Label}.ts",
  "packages/containers/src/internal/contract/{recorded,unimplemented}.ts",
  "packages/containers/src/internal/{cli,memory}/executor.ts",
  "packages/oci/src/author/FileTree.ts"
]

const maxLines = (max) => ["error", { max, skipBlankLines: true, skipComments: true, IIFEs: true }]

const restrictedSyntax = (...rules) => ["error", spreadInPush, ...rules.flat()]

export default tseslint.config(
  {
    ignores: [
      "**/dist/",
      "**/node_modules/",
      "docs/api/",
      "docs/site/.pages/",
      "docs/site/.vitepress/{cache,dist}/",
      "**/.docgen/",
      "**/.docgen-examples/",
      "**/.engines/"
    ]
  },
  js.configs.recommended,
  ...tseslint.configs.recommended,
  ...effectPlugin.configs.dprint,
  {
    files: ["**/*.{ts,mts,mjs,js}"],
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      ...formatting,
      "object-shorthand": "error",
      // `pipeArguments` needs `arguments`.
      "prefer-rest-params": "off",
      "no-restricted-syntax": restrictedSyntax(),
      "@typescript-eslint/array-type": ["error", { default: "generic", readonly: "generic" }],
      "@typescript-eslint/consistent-type-imports": ["error", { fixStyle: "inline-type-imports" }],
      "@typescript-eslint/no-import-type-side-effects": "error",
      "@typescript-eslint/no-explicit-any": "error",
      "@typescript-eslint/no-non-null-assertion": "error",
      "@typescript-eslint/no-namespace": "off",
      "@typescript-eslint/no-empty-object-type": "off",
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }]
    }
  },
  {
    files: ["packages/*/src/**/*.ts", "packages/*/test/**/*.ts"],
    rules: { "no-console": "error" }
  },
  {
    files: ["packages/*/src/**/*.ts"],
    plugins: { regexp: regexpPlugin },
    languageOptions: {
      parserOptions: { project: ["tsconfig.effect.json"], tsconfigRootDir: import.meta.dirname }
    },
    rules: {
      "@typescript-eslint/no-deprecated": "error",
      // Most patterns are applied to external text, and with such a pattern a short text can block the event loop.
      "regexp/no-super-linear-backtracking": ["error", { report: "potential" }],
      "regexp/no-super-linear-move": ["error", { report: "potential" }],
      "@typescript-eslint/no-unsafe-argument": "error",
      "@typescript-eslint/no-unsafe-assignment": "error",
      "@typescript-eslint/no-unsafe-call": "error",
      "@typescript-eslint/no-unsafe-member-access": "error",
      "@typescript-eslint/no-unsafe-return": "error",
      "@typescript-eslint/switch-exhaustiveness-check": ["error", { considerDefaultExhaustiveForUnions: true }],
      "no-restricted-syntax": restrictedSyntax(failures, promises),
      "no-restricted-properties": ["error", {
        object: "process",
        property: "env",
        message: "Read settings by Config."
      }],
      "@typescript-eslint/consistent-type-assertions": ["error", { assertionStyle: "never" }],
      "@effect/no-import-from-barrel-package": ["error", {
        packageNames: ["effect", "@effect/platform", "@effect/platform-node", "@effect/cli"]
      }]
    }
  },
  {
    // May use promises at the border to Node's callbacks and vitest's hooks; failures are typed there too.
    files: ["packages/node/src/**/*.ts", "packages/testing/src/**/*.ts"],
    rules: { "no-restricted-syntax": restrictedSyntax(failures) }
  },
  {
    files: ["packages/*/test/**/*.ts", "packages/testing/src/**/*.ts", "scripts/test/**/*.ts"],
    rules: { "no-restricted-syntax": restrictedSyntax(selective, blindToNone) }
  },
  {
    files: ["packages/testing/src/**/*.ts"],
    rules: { "no-restricted-syntax": restrictedSyntax(failures, selective, blindToNone) }
  },
  {
    files: ["**/*.{ts,mjs}"],
    plugins: { prose },
    rules: { "prose/doc-comments": "error", "prose/comment-words": "error", "prose/names": "error" }
  },
  {
    files: ["packages/*/src/**/*.ts"],
    rules: { "max-lines-per-function": maxLines(80) }
  },
  {
    // The tests of a theme.
    files: ["packages/testing/src/internal/*Suite/**/*.ts"],
    rules: { "max-lines-per-function": maxLines(100) }
  },
  {
    files: ["packages/*/src/**/*.ts"],
    ignores: exemptFromEffect4,
    plugins: { effect4 },
    rules: { "effect4/idioms": "error" }
  },
  {
    files: ["packages/process/src/**/*.ts", "packages/testing/src/internal/fakeEngine/machine.ts"],
    ignores: exemptFromEffect4,
    rules: { "effect4/idioms": ["error", { allowCommands: true }] }
  },
  {
    files: ["**/*.mjs"],
    languageOptions: { globals: { console: "readonly", process: "readonly", URL: "readonly" } }
  }
)
