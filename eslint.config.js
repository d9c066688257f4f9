import tseslint from "typescript-eslint";

const promiseSafety = {
  "@typescript-eslint/no-floating-promises": "error",
  "@typescript-eslint/no-misused-promises": "error",
  "@typescript-eslint/switch-exhaustiveness-check": "error",
};

const typed = {
  extends: [tseslint.configs.base],
  languageOptions: {
    parserOptions: { project: ["./tsconfig.test.json"], tsconfigRootDir: import.meta.dirname },
  },
};

/** Time, chance and environment come through the ports of `base`; only `host` implements them. */
const portsOnly = {
  "no-restricted-globals": [
    "error",
    ...["setTimeout", "setInterval", "setImmediate", "performance"].map((name) => ({
      name,
      message: "Take a Clock or a Scheduler (ports of @zoolog/base) instead.",
    })),
  ],
  "no-restricted-properties": [
    "error",
    { object: "Math", property: "random", message: "Take a Random (port of @zoolog/base)." },
    { object: "Date", property: "now", message: "Take a Clock (port of @zoolog/base)." },
    { object: "process", property: "env", message: "Take configuration as a parameter." },
    { object: "process", property: "hrtime", message: "Take a Clock (port of @zoolog/base)." },
  ],
  "no-restricted-syntax": [
    "error",
    {
      selector: "NewExpression[callee.name='Date'][arguments.length=0]",
      message: "Take a Clock (port of @zoolog/base).",
    },
  ],
};

export default tseslint.config(
  { ignores: ["**/dist/**", "packages/cli/bundle/**", "**/node_modules/**"] },
  { files: ["packages/*/src/**/*.ts"], ...typed, rules: promiseSafety },
  {
    files: ["test/**/*.ts", "benchmarks/**/*.ts", "examples/**/*.ts"],
    ...typed,
    rules: promiseSafety,
  },
  {
    files: ["packages/*/src/**/*.ts"],
    ignores: ["packages/{host,cli,testkit}/**", "**/*.{test,fixture}.ts"],
    rules: portsOnly,
  },
);
