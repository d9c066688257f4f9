/** What the adapter relies on inside node-zookeeper-client, and a defect that takes 2^31 calls. */
import { ZERO_STAT } from "@zoolog/testkit";
import ConnectionManager from "node-zookeeper-client/lib/ConnectionManager.js";
import { AdapterFixture } from "./adapter-fixture.ts";

test("the version is the one whose internals we know", () => {
  expect(require("node-zookeeper-client/package.json").version).toBe("1.1.3");
});

test("what the adapter overrides is called through the instance", () => {
  const source = ConnectionManager.prototype.connect.toString();

  for (const method of [
    "findNextServer(",
    "onSocketConnected.bind(",
    "onSocketData.bind(",
    "onSocketClosed.bind(",
    "onSocketError.bind(",
    "onSocketConnectTimeout.bind(",
  ]) {
    expect(source).toContain(`self.${method}`);
  }
});

test("request numbers start again before they leave the int32", async () => {
  const managers: ConnectionManager[] = [];
  const connect = jest.spyOn(ConnectionManager.prototype, "connect");
  connect.mockImplementation(function (this: ConnectionManager) {
    managers.push(this);
    connect.mockRestore();
    this.connect();
  });
  const fixture = new AdapterFixture();
  const server = await fixture.hostile();
  const connecting = fixture.connect(server.address);
  const connection = await server.accept();
  await connection.answerHandshake();
  const client = await connecting;

  managers[0]!.xid = 2 ** 31 - 1;
  const call = client.exists("/a");
  const request = await connection.nextRequest();
  connection.reply(request, { body: ZERO_STAT });

  expect(await call).toBeDefined();
  expect(request.xid).toBe(1);
  await fixture.close();
});
