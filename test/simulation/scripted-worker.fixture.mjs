/** Plays a worker: what it does with a job is the scenario of its options. */
process.on("message", ({ options }) => {
  if (options.scenario === "crash") {
    process.stderr.write("out of luck\n");
    process.exit(3);
  }
  while (options.scenario === "loop");
  process.send({ outcome: { options, violations: [], pid: process.pid }, residentBytes: 0 });
});
process.send("ready");
