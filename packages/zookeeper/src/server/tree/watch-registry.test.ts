import { OPEN_ACL } from "./access-control.ts";
import { WATCH_MODES, WATCHER_TYPES, WatchRegistry } from "./watch-registry.ts";

function watcher() {
  const told: string[] = [];
  return {
    told,
    notify: (event: { kind: string; path: string }) =>
      void told.push(`${event.kind} ${event.path}`),
  };
}

function fire(
  registry: WatchRegistry,
  kind: "created" | "deleted" | "dataChanged" | "childrenChanged",
  path: string,
) {
  registry.fire({ kind, path, acl: OPEN_ACL });
}

test("a one-shot watch fires once", () => {
  const registry = new WatchRegistry();
  const client = watcher();
  registry.add(client, "/a", WATCH_MODES.data);

  fire(registry, "dataChanged", "/a");
  fire(registry, "dataChanged", "/a");

  expect(client.told).toEqual(["dataChanged /a"]);
  expect(registry.size).toBe(0);
});

test("a child watch does not hear of data, nor a data watch of children", () => {
  const registry = new WatchRegistry();
  const ofData = watcher();
  const ofChildren = watcher();
  registry.add(ofData, "/a", WATCH_MODES.data);
  registry.add(ofChildren, "/a", WATCH_MODES.child);

  fire(registry, "childrenChanged", "/a");
  fire(registry, "dataChanged", "/a");

  expect(ofData.told).toEqual(["dataChanged /a"]);
  expect(ofChildren.told).toEqual(["childrenChanged /a"]);
});

test("a deletion is told once to who watches data and children, and ends both", () => {
  const registry = new WatchRegistry();
  const client = watcher();
  registry.add(client, "/a", WATCH_MODES.data);
  registry.add(client, "/a", WATCH_MODES.child);

  fire(registry, "deleted", "/a");

  expect(client.told).toEqual(["deleted /a"]);
  expect(registry.size).toBe(0);
});

test("a persistent watch stays, on its own path only", () => {
  const registry = new WatchRegistry();
  const client = watcher();
  registry.add(client, "/a", WATCH_MODES.persistent);

  for (const path of ["/a", "/a/b", "/a"]) fire(registry, "dataChanged", path);
  fire(registry, "childrenChanged", "/a");

  expect(client.told).toEqual(["dataChanged /a", "dataChanged /a", "childrenChanged /a"]);
});

test("a recursive watch sees all below it, but no childrenChanged", () => {
  const registry = new WatchRegistry();
  const client = watcher();
  registry.add(client, "/a", WATCH_MODES.persistentRecursive);

  fire(registry, "created", "/a/b/c");
  fire(registry, "childrenChanged", "/a/b");
  fire(registry, "deleted", "/a/b/c");
  fire(registry, "created", "/ab");

  expect(client.told).toEqual(["created /a/b/c", "deleted /a/b/c"]);
});

test("a recursive watch on the root sees everything", () => {
  const registry = new WatchRegistry();
  const client = watcher();
  registry.add(client, "/", WATCH_MODES.persistentRecursive);

  fire(registry, "dataChanged", "/a/b");

  expect(client.told).toEqual(["dataChanged /a/b"]);
});

test("a one-shot watch beside a persistent one does not make it one-shot", () => {
  const registry = new WatchRegistry();
  const client = watcher();
  registry.add(client, "/a", WATCH_MODES.persistent);
  registry.add(client, "/a", WATCH_MODES.data);

  fire(registry, "dataChanged", "/a");
  fire(registry, "dataChanged", "/a");

  expect(client.told).toEqual(["dataChanged /a", "dataChanged /a"]);
});

test("watches are removed by kind, and only one's own", () => {
  const registry = new WatchRegistry();
  const mine = watcher();
  const other = watcher();
  registry.add(mine, "/a", WATCH_MODES.data);
  registry.add(other, "/a", WATCH_MODES.data);
  const [children, data] = [WATCHER_TYPES.get(1)!, WATCHER_TYPES.get(2)!];

  expect(registry.remove(mine, "/a", children)).toBe(false);
  expect(registry.remove(mine, "/a", data)).toBe(true);
  fire(registry, "dataChanged", "/a");

  expect(mine.told).toEqual([]);
  expect(other.told).toEqual(["dataChanged /a"]);
});

test("the watches of a connection that is gone are gone", () => {
  const registry = new WatchRegistry();
  const client = watcher();
  registry.add(client, "/a", WATCH_MODES.data);
  registry.add(client, "/b", WATCH_MODES.persistentRecursive);

  registry.removeWatcher(client);
  fire(registry, "dataChanged", "/a");
  fire(registry, "created", "/b/c");

  expect(client.told).toEqual([]);
  expect(registry.size).toBe(0);
});

test("a flood of watches ends with a refusal, not with the server's memory", () => {
  const registry = new WatchRegistry();
  const client = watcher();
  const longName = "x".repeat(500_000);
  let set = 0;
  while (set < 1000 && registry.add(client, `/${set}${longName}`, WATCH_MODES.data)) set++;

  expect(set).toBeLessThan(100);
  expect(registry.add(watcher(), "/a", WATCH_MODES.data)).toBe(true);
});
