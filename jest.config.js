const swc = [
  "@swc/jest",
  {
    jsc: { target: "es2022", parser: { syntax: "typescript" } },
    module: { type: "commonjs" },
  },
];

const project = (displayName, testMatch) => ({
  displayName,
  testMatch,
  transform: { "^.+\\.ts$": swc, "/node_modules/cookie/.+\\.js$": swc },
  transformIgnorePatterns: ["/node_modules/(?!cookie/)"],
  testEnvironmentOptions: {
    customExportConditions: ["zoolog-source", "node", "require", "default"],
  },
  setupFiles: ["<rootDir>/test/fast-check-seed.ts"],
  modulePathIgnorePatterns: ["<rootDir>/packages/.*/dist/"],
});

/**
 * unit: beside the source, no I/O (`x.test.ts`) or a temporary folder (`x.disk.test.ts`); also of the
 *   programmes in test/chaos, test/compat and benchmarks.
 * architecture: the layering as a test. conformance: one suite against several implementations.
 * fuzz: former findings and a short run of every target of `npm run fuzz`.
 * containers: the images and the compose file of deploy/, where an engine runs them.
 * simulation: whole clusters in one process under a seed, and the command that runs them.
 * integration: whole brokers, real processes, real ZooKeeper.
 */
export default {
  projects: [
    project("unit", [
      "<rootDir>/packages/*/src/**/*.test.ts",
      "<rootDir>/test/chaos/**/*.test.ts",
      "<rootDir>/test/compat/**/*.test.ts",
      "<rootDir>/benchmarks/**/*.test.ts",
    ]),
    project("architecture", ["<rootDir>/test/architecture/*.test.ts"]),
    project("fuzz", ["<rootDir>/test/fuzz/*.test.ts"]),
    project("conformance", ["<rootDir>/test/conformance/**/*.test.ts"]),
    project("containers", ["<rootDir>/test/containers/*.test.ts"]),
    project("simulation", ["<rootDir>/test/simulation/**/*.test.ts"]),
    project("integration", ["<rootDir>/test/integration/**/*.test.ts"]),
  ],
  // Only a hang takes longer, also on a machine that is busy with something else.
  testTimeout: 240_000,
  // Also on two cores more than one suite at a time: many wait for processes and disks.
  maxWorkers: "100%",
};
