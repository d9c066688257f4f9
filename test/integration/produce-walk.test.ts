import { silentLogger } from "@zoolog/base";
import { Broker, hostDependencies, parseBrokerConfig } from "@zoolog/broker";
import { ManualTime, MemoryEnsemble, temporaryFolder } from "@zoolog/testkit";

/**
 * The produce walk of ARCHITECTURE.md, as it happens. With one replica nobody pulls and nothing is
 * parked; those hops join when there are followers.
 */
test("one record goes through the hops of the walk, in their order", async () => {
  const folder = await temporaryFolder();
  const walk: string[] = [];
  const ensemble = new MemoryEnsemble({}, new ManualTime());
  const config = parseBrokerConfig([
    {
      from: "test",
      settings: {
        "broker.id": 1,
        "data.dir": folder.path,
        "zookeeper.connect": "in-memory:1",
        "http.port": 0,
        "kafka.port": 0,
      },
    },
  ]);
  const broker = await Broker.start(config, {
    ...hostDependencies({ logger: silentLogger }),
    connectZooKeeper: () => ensemble.connect(),
    trace: (hop) => void walk.push(hop),
  });
  const { host, port } = broker.address;
  const post = async (path: string, body: object): Promise<unknown> => {
    const response = await fetch(`http://${host}:${port}/v1/${path}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    return response.json();
  };
  await broker.ready(10_000);
  await post("create-topics", { topics: [{ topic: "t" }] });

  const answer = await post("topics/t/records", { records: [{ value: "one" }] });

  expect(answer).toMatchObject({ records: [{ offset: 0 }] });
  expect(walk).toEqual([
    "produce received",
    "partition found",
    "append accepted",
    "batch appended",
    "high watermark advanced",
    "produce answered",
  ]);
  await broker.close();
  await folder.remove();
});
