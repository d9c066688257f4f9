import { type LogFields, type Logger, silentLogger } from "@zoolog/base";
import { SET_WATCHES_BYTES_MAX, WATCHES_MAX } from "../limits.ts";
import type { WatchEvent } from "../zookeeper-client.ts";
import { WatchTable } from "./watch-table.ts";

const CREATED = 1;
const DELETED = 2;
const DATA_CHANGED = 3;
const CHILDREN_CHANGED = 4;

function recorder() {
  const events: [name: string, event: WatchEvent][] = [];
  const watch = (name: string) => (event: WatchEvent) => void events.push([name, event]);
  return { events, watch };
}

const microtasks = () => Promise.resolve();

test.each([
  [CREATED, "created", ["data", "existence"]],
  [DELETED, "deleted", ["data", "existence", "children"]],
  [DATA_CHANGED, "dataChanged", ["data", "existence"]],
  [CHILDREN_CHANGED, "childrenChanged", ["children"]],
])("event %d calls, as %s, the watches %j of its path, once", async (type, kind, called) => {
  const table = new WatchTable({ chroot: undefined }, silentLogger);
  const { events, watch } = recorder();
  for (const list of ["data", "existence", "children"] as const) {
    table.add(list, "/a", watch(list));
    table.add(list, "/other", watch("other"));
  }

  table.fire(type, "/a");
  table.fire(type, "/a");
  await microtasks();

  expect(events).toEqual(called.map((list) => [list, { kind, path: "/a" }]));
  expect(table.size).toBe(6 - called.length);
});

test("many callers may watch the same path; all are called, in the order they asked", async () => {
  const table = new WatchTable({ chroot: undefined }, silentLogger);
  const { events, watch } = recorder();
  for (let i = 0; i < 20; i++) table.add("data", "/a", watch(`${i}`));

  table.fire(DATA_CHANGED, "/a");
  await microtasks();

  expect(events.map(([name]) => name)).toEqual(Array.from({ length: 20 }, (_, i) => `${i}`));
});

test("a watch that throws is logged and hinders nobody", async () => {
  const logged: [string, LogFields | undefined][] = [];
  const logger: Logger = {
    ...silentLogger,
    error: (event, fields) => logged.push([event, fields]),
  };
  const table = new WatchTable({ chroot: undefined }, logger);
  const { events, watch } = recorder();
  table.add("data", "/a", () => {
    throw new Error("boom");
  });
  table.add("data", "/a", watch("second"));

  table.fire(DELETED, "/a");
  await microtasks();

  expect(logged).toEqual([["watch threw", { kind: "deleted", path: "/a", error: "boom" }]]);
  expect(events).toHaveLength(1);
});

test("the session's end is a last hint to everybody who still waits", async () => {
  const table = new WatchTable({ chroot: undefined }, silentLogger);
  const { events, watch } = recorder();
  table.add("data", "/a", watch("data"));
  table.add("children", "/b", watch("children"));

  table.endSession();
  table.endSession();
  await microtasks();

  expect(events).toEqual([
    ["data", { kind: "sessionEnded", path: "/a" }],
    ["children", { kind: "sessionEnded", path: "/b" }],
  ]);
  expect(table.size).toBe(0);
});

test("an event of an unknown type is dropped", () => {
  const table = new WatchTable({ chroot: undefined }, silentLogger);
  table.add("data", "/a", () => {});

  table.fire(-1, "/a");
  table.fire(99, "/a");

  expect(table.size).toBe(1);
});

test("watches are set again in requests below the limit, each path once", () => {
  const chroot = `/${"c".repeat(500)}`;
  const table = new WatchTable({ chroot }, silentLogger);
  const paths = Array.from({ length: 1_000 }, (_, i) => `/znode-${i}`);
  for (const path of paths) table.add("data", path, () => {});
  for (const path of paths) table.add("children", path, () => {});
  table.add("data", "/znode-0", () => {});

  const requests = table.setWatchesRequests();

  expect(requests.flatMap((request) => request.data)).toEqual(paths);
  expect(requests.flatMap((request) => request.children)).toEqual(paths);
  for (const request of requests) {
    const all = [...request.data, ...request.existence, ...request.children];
    const bytes = all.reduce((sum, path) => sum + chroot.length + path.length + 4, 0);
    expect(bytes).toBeLessThanOrEqual(SET_WATCHES_BYTES_MAX);
  }
  expect(requests.length).toBeGreaterThan(7);
});

test("no watches, no requests", () => {
  expect(new WatchTable({ chroot: undefined }, silentLogger).setWatchesRequests()).toEqual([]);
});

test("one watch over the limit is refused", () => {
  const table = new WatchTable({ chroot: undefined }, silentLogger);
  for (let i = 0; i < WATCHES_MAX; i++) table.add("data", "/a", () => {});

  expect(() => table.assertRoom()).toThrow(expect.objectContaining({ code: "TOO_MANY_WATCHES" }));
});
