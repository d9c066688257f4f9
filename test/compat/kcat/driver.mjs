import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { bootstrap, portions, serve, waitUntil } from "./node-driver.mjs";

/** Between key and value on kcat's standard input: what no record of ours contains. */
const DELIMITER = "|k|";
/** Between two portions of a producer that stays open. */
const PORTION_MS = 10;

const producers = new Map();
const members = new Map();

await serve({
  "open-producer": async ({ producer, codec, idempotent = false }) => {
    producers.set(producer, { codec, idempotent, child: undefined });
  },
  send: async ({ producer, topic, partition, records, chunk }) => {
    const state = producers.get(producer);
    const args = ["-P", "-t", topic, "-p", `${partition}`, "-z", state.codec];
    if (state.idempotent) {
      state.child ??= start([...args, "-X", "enable.idempotence=true", "-X", "linger.ms=1"]);
      for (const portion of portions(records, chunk)) {
        state.child.stdin.write(portion.map(({ value }) => `${value}\n`).join(""));
        await new Promise((resolve) => setTimeout(resolve, PORTION_MS));
      }
      return;
    }
    for (const alike of runsAlike(records)) {
      const headers = Object.entries(alike[0].headers).flatMap((pair) => ["-H", pair.join("=")]);
      const empty = alike[0].value === null ? ["-Z"] : [];
      const keys = alike[0].key === null ? [] : ["-K", DELIMITER];
      const lines = alike.map(({ key, value }) =>
        key === null ? `${value}\n` : `${key}${DELIMITER}${value ?? ""}\n`,
      );
      await ended(start([...args, ...headers, ...empty, ...keys]), lines.join(""));
    }
  },
  "close-producer": async ({ producer }) => {
    const { child } = producers.get(producer);
    if (child !== undefined) await ended(child);
  },
  read: async ({ topic, partition, from, count }) => {
    const args = ["-C", "-t", topic, "-p", `${partition}`, "-o", `${from}`, "-c", `${count}`, "-J"];
    const lines = (await ended(start([...args, "-e", "-q"]))).split("\n");
    return lines.filter((line) => line !== "").map(recordOf);
  },
  join: async ({ member, group, topic }) => {
    const own = ["-X", "auto.commit.interval.ms=200", "-X", "session.timeout.ms=10000"];
    const more = ["-X", "auto.offset.reset=earliest", "-X", "heartbeat.interval.ms=300"];
    const child = start([...own, ...more, "-J", "-u", "-G", group, topic]);
    const state = { child, assigned: [], records: [] };
    createInterface({ input: child.stdout }).on("line", (line) =>
      state.records.push(recordOf(line)),
    );
    createInterface({ input: child.stderr }).on("line", (line) => {
      if (!line.includes("rebalanced")) process.stderr.write(`${line}\n`);
      else if (line.includes("assigned: ")) state.assigned = partitionsOf(line);
      else state.assigned = [];
    });
    members.set(member, state);
  },
  poll: async ({ member }) => {
    const { assigned, records } = members.get(member);
    return { assigned, records: records.splice(0) };
  },
  leave: async ({ member }) => {
    const { child } = members.get(member);
    child.kill("SIGTERM");
    await waitUntil(() => child.exitCode !== null || child.signalCode !== null);
  },
  "describe-topic": async ({ topic }) => {
    const { topics } = JSON.parse(await ended(start(["-L", "-J", "-t", topic])));
    return { partitions: topics[0].partitions.map(({ leader }) => ({ leader })) };
  },
  "list-topics": async () => {
    const { topics } = JSON.parse(await ended(start(["-L", "-J"])));
    return topics.map(({ topic }) => topic);
  },
  "list-offsets": async ({ topic, partition, at }) => {
    const answer = await ended(start(["-Q", "-t", `${topic}:${partition}:${at}`]));
    return Number(/offset (-?\d+)/.exec(answer)?.[1]);
  },
});

function start(args) {
  return spawn("kcat", ["-b", bootstrap, ...args]);
}

/** What it printed; its complaint where it ended badly. */
async function ended(child, input = "") {
  const out = [];
  const err = [];
  child.stdout.on("data", (chunk) => out.push(chunk));
  child.stderr.on("data", (chunk) => err.push(chunk));
  child.stdin.on("error", () => undefined);
  const timer = setTimeout(() => child.kill("SIGKILL"), 100_000);
  const code = await new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
    child.stdin.end(input);
  });
  clearTimeout(timer);
  if (code !== 0) throw new Error(`kcat ended with ${code}: ${Buffer.concat(err)}`);
  // Codecs that a broker seems not to know are left out with a line about it.
  const complaint = `${Buffer.concat(err)}`.split("\n").find((line) => /not support/.test(line));
  if (complaint !== undefined) throw new Error(complaint);
  return `${Buffer.concat(out)}`;
}

/** kcat gives all lines of its input the same headers. */
function* runsAlike(records) {
  const kind = ({ key, value, headers }) => JSON.stringify([key === null, value === null, headers]);
  let run = [];
  for (const record of records) {
    if (run.length > 0 && kind(run[0]) !== kind(record)) {
      yield run;
      run = [];
    }
    run.push(record);
  }
  yield run;
}

function recordOf(line) {
  const { partition, offset, key, payload, headers = [] } = JSON.parse(line);
  const pairs = [];
  for (let at = 0; at < headers.length; at += 2) pairs.push([headers[at], headers[at + 1]]);
  return { partition, offset, key, value: payload, headers: Object.fromEntries(pairs) };
}

function partitionsOf(line) {
  return [...line.slice(line.indexOf("assigned: ")).matchAll(/\[(\d+)\]/g)].map(([, id]) =>
    Number(id),
  );
}
