import { MetricRegistry } from "./metric-registry.ts";

test("the first scrape holds no number that was not measured", async () => {
  const { text } = await new MetricRegistry().render();

  const values = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  expect(values.filter((line) => /NaN|9223372036/.test(line))).toEqual([]);
  expect(text).toContain("nodejs_eventloop_lag_seconds ");
});

test("processor time is counted from the start of the process, not from the first scrape", async () => {
  const { user, system } = process.cpuUsage();

  const { text } = await new MetricRegistry().render();

  const of = (name: string) => Number(new RegExp(`^${name} (\\S+)$`, "m").exec(text)?.[1]);
  expect(of("process_cpu_user_seconds_total")).toBeGreaterThanOrEqual(user / 1e6);
  expect(of("process_cpu_system_seconds_total")).toBeGreaterThanOrEqual(system / 1e6);
  expect(of("process_cpu_seconds_total")).toBeGreaterThanOrEqual((user + system) / 1e6);
});
