import { Cluster, create, createdBy, reelected, remove } from "./controller-runtime.fixture.ts";

test("an epoch that is no number is named, and raised once it is mended", async () => {
  const cluster = new Cluster();
  const node = await cluster.node(1);
  const hand = await cluster.ensemble.connect("zkCli");
  await hand.setData("/controller_epoch", Buffer.from("oops"));
  await createdBy(cluster, node, "t").catch(() => {});
  await reelected(cluster);

  expect(node.runtime.isController).toBe(false);
  expect(node.faults.reasons).toEqual([
    expect.stringContaining('znode /controller_epoch: "oops" is not an epoch'),
  ]);

  await hand.setData("/controller_epoch", Buffer.from("7"));
  await cluster.settle(3_000);
  expect(node.faults.reasons).toEqual([]);
  expect(node.images.at(-1)).toMatchObject({ controllerEpoch: 8 });
});

test("a /controller that nobody can read is named", async () => {
  const cluster = new Cluster();
  const node = await cluster.node(1);
  const hand = await cluster.ensemble.connect("zkCli");
  await hand.setData("/controller", Buffer.from("oops"));
  await cluster.settle(31_000);

  expect(node.faults.reasons).toEqual([expect.stringContaining("znode /controller: is not JSON")]);
  await hand.remove("/controller");
  await cluster.settle(3_000);
  expect(node.runtime.isController).toBe(true);
  expect(node.faults.reasons).toEqual([]);
});

test("a topic that nobody can read is named, keeps its name, and can be deleted", async () => {
  const cluster = new Cluster();
  const node = await cluster.node(1);
  await createdBy(cluster, node, "broken", "fine");
  const hand = await cluster.ensemble.connect("zkCli");
  await hand.setData("/brokers/topics/broken", Buffer.from("oops"));
  await node.runtime.close();
  const next = await cluster.node(2);

  expect([...next.images.at(-1)!.topics.keys()]).toEqual(["fine"]);
  expect(next.faults.reasons).toEqual([
    expect.stringContaining("znode /brokers/topics/broken: is not JSON. Mend it"),
  ]);
  const again = create(next, "broken");
  await cluster.settle();
  expect((await again).topics[0]?.error).toMatchObject({
    code: "TOPIC_ALREADY_EXISTS",
    message: expect.stringContaining("znode /brokers/topics/broken: is not JSON"),
  });

  const deleted = remove(next, "broken");
  await cluster.settle();
  expect((await deleted).topics[0]?.error).toBeUndefined();
  expect(cluster.ensemble.znodes.children("/brokers/topics")).toEqual(["fine"]);
  expect(next.images.at(-1)!.deletedTopics.size).toBe(1);
  expect(next.faults.reasons).toEqual([]);
  await createdBy(cluster, next, "broken");
  expect(next.images.at(-1)!.topics.has("broken")).toBe(true);
});

test("a topic that was mended by hand is served again without anybody's doing", async () => {
  const cluster = new Cluster();
  const node = await cluster.node(1);
  await createdBy(cluster, node, "t");
  const hand = await cluster.ensemble.connect("zkCli");
  const { data } = await hand.getData("/brokers/topics/t");
  await hand.setData("/brokers/topics/t", Buffer.from("oops"));
  await node.runtime.close();
  const next = await cluster.node(2);
  expect(next.images.at(-1)!.topics.size).toBe(0);

  await hand.setData("/brokers/topics/t", data);
  await cluster.settle(33_000);

  expect(next.images.at(-1)!.topics.get("t")?.partitions[0]).toMatchObject({ leader: 1 });
  expect(next.faults.reasons).toEqual([]);
});

test("a topic that is broken while it is served is named, served on, and deleted on request", async () => {
  const cluster = new Cluster();
  const node = await cluster.node(1);
  await createdBy(cluster, node, "t");
  const hand = await cluster.ensemble.connect("zkCli");
  await hand.setData("/brokers/topics/t", Buffer.from("oops"));
  await cluster.settle(33_000);

  expect(node.images.at(-1)).toMatchObject({ controllerEpoch: 1 });
  expect(node.images.at(-1)!.topics.has("t")).toBe(true);
  expect(node.faults.reasons).toEqual([expect.stringContaining("znode /brokers/topics/t:")]);
  const deleted = remove(node, "t");
  await cluster.settle();
  expect((await deleted).topics[0]?.error).toBeUndefined();
  expect(cluster.ensemble.znodes.children("/brokers/topics")).toEqual([]);
});

test("configs, registrations and states that nobody can read are named and change nothing else", async () => {
  const cluster = new Cluster();
  const first = await cluster.node(1);
  await cluster.node(2);
  await createdBy(cluster, first, "t");
  const hand = await cluster.ensemble.connect("zkCli");
  const configs = JSON.stringify({ version: 1, config: { "retention.ms": "1000" } });
  await hand.setData("/config/topics/t", Buffer.from(configs));
  await cluster.settle(31_000);
  const state = "/brokers/topics/t/partitions/0/state";

  for (const path of ["/config/topics/t", "/brokers/ids/2", state]) {
    await hand.setData(path, Buffer.from("oops"));
  }
  await cluster.settle(31_000);

  const image = first.images.at(-1)!;
  expect(image.topics.get("t")?.configs).toEqual({ "retention.ms": "1000" });
  expect([...image.brokers.keys()].sort()).toEqual([1, 2]);
  for (const path of ["/config/topics/t", "/brokers/ids/2", state]) {
    const reason = expect.stringContaining(`znode ${path}: is not JSON`);
    expect(first.faults.reasons).toContainEqual(reason);
  }
  expect(first.faults.reasons).toHaveLength(3);
});

test("a controller that cannot read a topic's config deletes nothing on the word of a default", async () => {
  const cluster = new Cluster();
  const node = await cluster.node(1);
  await createdBy(cluster, node, "t");
  const hand = await cluster.ensemble.connect("zkCli");
  await hand.setData("/config/topics/t", Buffer.from("oops"));
  await node.runtime.close();
  const next = await cluster.node(2);

  expect(next.images.at(-1)!.topics.get("t")?.configs).toEqual({
    "retention.ms": "-1",
    "retention.bytes": "-1",
  });
});
