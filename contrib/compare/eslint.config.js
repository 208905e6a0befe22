import js from "@eslint/js";
import globals from "globals";

const DEFINITIONS = [
  "ImportDeclaration",
  "ExportNamedDeclaration",
  "VariableDeclaration",
  "FunctionDeclaration",
  "ClassDeclaration",
];

export default [
  js.configs.recommended,
  {
    files: ["src/**/*.js"],
    languageOptions: { globals: globals.browser },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      eqeqeq: "error",
      "no-var": "error",
      "prefer-const": "error",
    },
  },
  {
    files: ["src/**/*.js"],
    ignores: ["**/main.js", "**/halted.js"],
    rules: {
      "no-restricted-syntax": [
        "error",
        {
          selector: `Program > :not(${DEFINITIONS.join(", ")})`,
          message: "Only main.js acts when it is imported; other modules define.",
        },
      ],
    },
  },
];
