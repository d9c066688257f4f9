import fc from "fast-check";
import { OPEN_ACL } from "./access-control.ts";
import { DataTree, type ZnodeImage } from "./data-tree.ts";
import type { SessionId, SingleChange, Transaction } from "./transaction.ts";
import { statOf } from "./znode.ts";

const NAMES = ["/a", "/b", "/c", "/a/x", "/a/y", "/b/x", "/a/x/1"];

/** Turns any sequence of paths and verbs into changes that can be applied. */
function applicable(tree: DataTree, step: { verb: string; path: string; size: number }) {
  const { path, verb } = step;
  const parent = path.slice(0, path.lastIndexOf("/"));
  const parentZnode = tree.get(parent);
  const znode = tree.get(path);
  const data = Buffer.alloc(step.size, verb);
  if (verb === "create" && znode === undefined && parentZnode !== undefined) {
    if (parentZnode.owner !== undefined) return undefined;
    const owner = step.size % 2 === 1 ? (step.size as SessionId) : undefined;
    const parentCreations = parentZnode.creations + 1;
    return {
      type: "create",
      path,
      data,
      acl: OPEN_ACL,
      owner,
      isContainer: false,
      parentCreations,
    };
  }
  if (znode === undefined) return undefined;
  if (verb === "delete" && (znode.children?.size ?? 0) === 0) return { type: "delete", path };
  if (verb === "setData") return { type: "setData", path, data, version: znode.version + 1 };
  return undefined;
}

function contents(tree: DataTree): unknown {
  return ["/", "/zookeeper", "/zookeeper/quota", "/zookeeper/config", ...NAMES].map((path) => {
    const znode = tree.get(path);
    return znode === undefined
      ? [path]
      : [
          path,
          statOf(znode),
          Buffer.from(znode.data ?? []).toString(),
          [...(znode.children ?? [])].sort(),
        ];
  });
}

const steps = fc.array(
  fc.record({
    verb: fc.constantFrom("create", "create", "delete", "setData", "snapshot"),
    path: fc.constantFrom(...NAMES),
    size: fc.integer({ min: 0, max: 5 }),
  }),
  { maxLength: 120 },
);

test("a snapshot is the tree at the moment it began, whatever changes while it is read", () => {
  fc.assert(
    fc.property(steps, fc.integer({ min: 0, max: 60 }), (all, beginAt) => {
      const tree = DataTree.empty();
      const images: ZnodeImage[] = [];
      let expected: unknown;
      let snapshot: ReturnType<DataTree["beginSnapshot"]> | undefined;
      let isRead = false;
      for (const [i, step] of all.entries()) {
        if (i === beginAt) {
          expected = contents(tree);
          snapshot = tree.beginSnapshot();
        }
        if (step.verb === "snapshot" && snapshot !== undefined && !isRead) {
          const more = snapshot.next(1 + step.size);
          isRead = more.length === 0;
          images.push(...more);
        }
        const change = applicable(tree, step) as Transaction | undefined;
        if (change !== undefined) tree.apply({ zxid: i + 1, time: i, transaction: change });
      }
      if (snapshot === undefined) return;
      while (!isRead) {
        const more = snapshot.next(3);
        isRead = more.length === 0;
        images.push(...more);
      }

      expect(contents(DataTree.restored(images))).toEqual(expected);
      expect(tree.beginSnapshot()).toBeDefined();
    }),
    { numRuns: 500 },
  );
});

test("ephemerals are known by their session, also after a restart", () => {
  const tree = DataTree.empty();
  const owner = 7 as SessionId;
  const change = (path: string, parentCreations: number): SingleChange => ({
    ...{ type: "create", path, data: undefined, acl: OPEN_ACL, owner, isContainer: false },
    parentCreations,
  });
  tree.apply({ zxid: 1, time: 0, transaction: change("/a", 1) });
  tree.apply({ zxid: 2, time: 0, transaction: change("/b", 2) });
  tree.apply({ zxid: 3, time: 0, transaction: { type: "delete", path: "/a" } });
  const restored = DataTree.restored(tree.beginSnapshot().next(100));

  expect([...restored.ephemeralsOf(owner)]).toEqual(["/b"]);
});

test("descendants are counted at any depth, the tree's own included", () => {
  const tree = DataTree.empty();

  expect(tree.countDescendants("/")).toBe(3);
  expect(tree.countDescendants("/zookeeper")).toBe(2);
  expect(tree.znodeCount).toBe(5);
});

test("a quota's statistics follow the znodes below it", () => {
  const tree = DataTree.empty();
  let zxid = 0;
  const apply = (transaction: Transaction) => tree.apply({ zxid: ++zxid, time: 0, transaction });
  const create = (path: string, data = "") => {
    const parent = tree.get(path.slice(0, path.lastIndexOf("/")))!;
    apply({
      ...{ type: "create", path, data: Buffer.from(data), acl: OPEN_ACL, owner: undefined },
      ...{ isContainer: false, parentCreations: parent.creations + 1 },
    });
  };
  const statistics = () =>
    Buffer.from(tree.get("/zookeeper/quota/a/zookeeper_stats")!.data!).toString();
  create("/a", "12345");
  create("/zookeeper/quota/a");
  create("/zookeeper/quota/a/zookeeper_limits", "count=5,bytes=-1");
  create("/zookeeper/quota/a/zookeeper_stats", "count=0,bytes=0");

  expect(statistics()).toBe("count=1,bytes=5");
  create("/a/b", "xy");
  apply({ type: "setData", path: "/a/b", data: Buffer.from("xyz"), version: 1 });
  expect(statistics()).toBe("count=2,bytes=8");
  apply({ type: "delete", path: "/a/b" });
  expect(statistics()).toBe("count=1,bytes=5");
  expect(tree.get("/zookeeper/quota/a/zookeeper_stats")!.version).toBe(0);
});
