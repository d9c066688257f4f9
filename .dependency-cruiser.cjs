/**
 * THINK about the layering before you change this table: it is the architecture.
 * A package may import only the packages named beside it; package.json and test/architecture
 * say the same.
 */
const layers = require("./scripts/layers.cjs");

const packageRules = Object.entries(layers).map(([name, allowed]) => ({
  name: `layer-${name}`,
  severity: "error",
  from: { path: `^packages/${name}/src`, pathNot: "\\.(test|fixture)\\.ts$" },
  to: { path: "^packages/", pathNot: `^packages/(${[name, ...allowed].join("|")})/` },
}));

module.exports = {
  forbidden: [
    ...packageRules,
    { name: "no-circular", severity: "error", from: {}, to: { circular: true } },
    {
      name: "no-io-in-cores",
      severity: "error",
      comment: "base, controller and group-coordinator are pure; they never see a Node module.",
      from: {
        path: "^packages/(base|controller|group-coordinator)/src",
        pathNot: "\\.(test|fixture)\\.ts$",
      },
      to: { dependencyTypes: ["core"] },
    },
    {
      name: "disk-and-network-only-in-host",
      severity: "error",
      comment: "Disk and network come through the FileSystem and Network ports.",
      from: {
        path: "^packages/(base|protocol|zookeeper|coordination|controller|group-coordinator|log|replication)/src",
        pathNot: "\\.(test|fixture)\\.ts$",
      },
      to: { path: "^(node:)?(fs|net|http|https|child_process|dgram|tls)(/promises)?$" },
    },
    {
      name: "no-testkit-in-product",
      severity: "error",
      from: { path: "^packages/(?!testkit)[^/]+/src", pathNot: "\\.(test|fixture)\\.ts$" },
      to: { path: "^packages/testkit" },
    },
    {
      name: "no-deep-imports",
      severity: "error",
      comment: "Other packages are imported by their root only, or by an entry that they export.",
      from: { path: "^packages/([^/]+)/src" },
      to: {
        path: "^packages/[^/]+/src/(?!index\\.ts$)",
        pathNot: "^packages/$1/|^packages/protocol/src/kafka\\.ts$",
      },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["zoolog-source", "import", "default"],
      extensions: [".ts", ".js"],
    },
    doNotFollow: { path: "node_modules" },
    exclude: { path: "(^|/)(dist|bundle)/" },
  },
};
