import type { LogFields, Logger } from "@zoolog/base";
import { Broker, hostDependencies, parseBrokerConfig } from "@zoolog/broker";
import { SimulatedBroker, temporaryFolder } from "@zoolog/testkit";

type Line = { readonly message: string; readonly repeated: readonly string[] };

/** Notes of each line which fields its logger has already. */
function listening(lines: Line[], bound: LogFields = {}): Logger {
  const note = (message: string, fields: LogFields = {}): void => {
    lines.push({ message, repeated: Object.keys(fields).filter((name) => name in bound) });
  };
  const child = (fields: LogFields): Logger => listening(lines, { ...bound, ...fields });
  return { debug: note, info: note, warn: note, error: note, child };
}

test("no line of a broker's log names the broker twice", async () => {
  const lines: Line[] = [];
  const simulated = new SimulatedBroker({ seed: 1, logger: listening(lines) });
  await simulated.start();
  await simulated.crash("process");

  await simulated.start();
  await simulated.close();

  expect(lines.map(({ message }) => message)).toContain("data folder loaded");
  expect(lines.filter(({ repeated }) => repeated.length > 0)).toEqual([]);
});

test("why a broker cannot start stands above the lines of its shutdown", async () => {
  const folder = await temporaryFolder();
  const lines: Line[] = [];
  const settings = {
    ...{ "broker.id": 1, "data.dir": `${folder.path}/data`, "http.port": 0, "kafka.port": 0 },
    ...{ "zookeeper.connect": "127.0.0.1:1/zoolog", "zookeeper.connection.timeout.ms": 200 },
  };
  const config = parseBrokerConfig([{ from: "test", settings }]);

  const started = Broker.start(config, hostDependencies({ logger: listening(lines) }));

  await expect(started).rejects.toMatchObject({ code: "CONNECT_TIMEOUT" });
  const messages = lines.map(({ message }) => message);
  expect(messages.filter((it) => /cannot start|shutting down/.test(it))).toEqual([
    "broker cannot start",
    "broker shutting down",
  ]);
  await folder.remove();
});
