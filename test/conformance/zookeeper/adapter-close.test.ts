import { handshakeReply } from "@zoolog/testkit";
import type { SessionState } from "@zoolog/zookeeper";
import {
  AdapterFixture,
  outcomes,
  reconnected,
  SESSION_ID,
  stateOf,
  WAIT_MS_MAX,
} from "./adapter-fixture.ts";

let fixture: AdapterFixture;
beforeEach(() => {
  fixture = new AdapterFixture();
});
afterEach(() => fixture.close());

describe("close", () => {
  /** Bounded like the client promises, with room for a slow machine. */
  async function closedInTime(close: () => Promise<void>): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<string>((resolve) => {
      timer = setTimeout(() => resolve("late"), WAIT_MS_MAX / 3);
    });
    expect(await Promise.race([close().then(() => "closed"), late])).toBe("closed");
    clearTimeout(timer);
  }

  test("while connected ends the session and the calls under way", async () => {
    const { connection, client } = await fixture.connectedPair();
    const read = outcomes([client.getData("/a")]);
    await connection.nextRequest();

    await closedInTime(() => client.close());
    await connection.ended;

    expect(connection.closedSession).toBe(true);
    expect(await read).toEqual(["CONNECTION_LOSS"]);
    expect(await outcomes([client.getData("/a")])).toEqual(["CLIENT_CLOSED"]);
    expect([client.state, client.leaseRemainingMs()]).toEqual(["closed", 0]);
  });

  test("of a server that does not answer ends all the same", async () => {
    const { connection, client } = await fixture.connectedPair();
    connection.isAlive = false;

    await closedInTime(() => client.close());
    await connection.ended;
  });

  test("of a server that does not even read ends all the same", async () => {
    const { connection, client } = await fixture.connectedPair();
    connection.stopReading();
    const calls = outcomes(
      Array.from({ length: 40 }, (_, i) => client.setData(`/a${i}`, Buffer.alloc(400_000))),
    );

    await closedInTime(() => client.close());

    expect(await calls).toEqual(Array(40).fill("CONNECTION_LOSS"));
  });

  test("while suspended still ends the session when a server comes back in time", async () => {
    const { server, connection, client } = await fixture.connectedPair();
    connection.destroy();
    await stateOf(client, "suspended");

    const closing = closedInTime(() => client.close());
    const next = await reconnected(server);
    await closing;

    expect(client.state).toBe("closed");
    expect(next.closedSession).toBe(true);
  });

  test("while suspended ends without a server", async () => {
    const { server, connection, client } = await fixture.connectedPair();
    await server.close();
    connection.destroy();
    await stateOf(client, "suspended");

    await closedInTime(() => client.close());
  });

  test("during a handshake ends the session that the handshake brings", async () => {
    const { server, connection, client } = await fixture.connectedPair();
    connection.destroy();
    const next = await server.accept();
    await next.nextHandshake();

    const closing = closedInTime(() => client.close());
    next.send(handshakeReply({ id: SESSION_ID, timeoutMs: 2_000 }));
    await closing;

    expect(next.closedSession).toBe(true);
  });

  test("from within a state listener, in every state, is safe", async () => {
    for (const closeIn of ["suspended", "connected"] as const) {
      const { server, connection, client } = await fixture.connectedPair();
      client.onStateChange((state) => {
        if (state === closeIn) client.close().catch(() => {});
      });

      connection.destroy();
      await reconnected(server);
      await stateOf(client, "closed");
      await closedInTime(() => client.close());
    }
  });

  test("twice is once", async () => {
    const { connection, client } = await fixture.connectedPair();
    const states: SessionState[] = [];
    client.onStateChange((state) => states.push(state));

    await Promise.all([client.close(), client.close()]);
    await client.close();

    expect(states).toEqual(["closed"]);
    expect(connection.closedSession).toBe(true);
  });
});
