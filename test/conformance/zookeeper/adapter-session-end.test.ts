import { type HostileConnection, handshakeReply } from "@zoolog/testkit";
import type { SessionState, WatchEvent } from "@zoolog/zookeeper";
import { AdapterFixture, eventually, outcomes, SESSION_ID, stateOf } from "./adapter-fixture.ts";

const NO_NODE = -101;

let fixture: AdapterFixture;
beforeEach(() => {
  fixture = new AdapterFixture();
});
afterEach(() => fixture.close());

describe("the lease", () => {
  test("counts from when the answered request was sent, and is over without answers", async () => {
    const { connection, client } = await fixture.connectedPair({ timeoutMs: 1_500 });
    connection.isAlive = false;
    const sentAt = performance.now();
    const read = outcomes([client.getData("/a")]);
    const request = await connection.nextRequest();
    await new Promise((resolve) => setTimeout(resolve, 300));

    connection.reply(request, { error: NO_NODE });
    await read;
    const askedAt = performance.now();
    expect(client.leaseRemainingMs()).toBeLessThanOrEqual(1_500 - (askedAt - sentAt) + 5);
    expect(client.leaseRemainingMs()).toBeGreaterThan(0);

    await stateOf(client, "suspended");
    await eventually("the end of the lease", () =>
      client.leaseRemainingMs() === 0 ? true : undefined,
    );
    expect(client.state).toBe("suspended");
  });

  test("is renewed by pings alone", async () => {
    const { connection, client } = await fixture.connectedPair({ timeoutMs: 3_000 });
    const granted = client.leaseRemainingMs();
    const startedAt = performance.now();

    // Longer than one lease lasts.
    await eventually("some pings", () =>
      connection.pings >= 4 && performance.now() - startedAt > granted ? true : undefined,
    );
    expect(client.leaseRemainingMs()).toBeGreaterThan(0);
  });
});

describe("a session that a server has expired", () => {
  test("is over for good; watches get a last hint; calls are told", async () => {
    const { server, connection, client } = await fixture.connectedPair();
    const events: WatchEvent[] = [];
    const watched = client.exists("/a", (event) => events.push(event));
    connection.reply(await connection.nextRequest(), { error: NO_NODE });
    await watched;

    connection.destroy();
    const next = await server.accept();
    await next.nextHandshake();
    next.send(handshakeReply({ id: 0n, timeoutMs: 0 }));
    await stateOf(client, "expired");
    await next.ended;

    expect(client.leaseRemainingMs()).toBe(0);
    expect(events).toEqual([{ kind: "sessionEnded", path: "/a" }]);
    expect(await outcomes([client.getData("/a"), client.barrier()])).toEqual([
      "SESSION_EXPIRED",
      "SESSION_EXPIRED",
    ]);
    await client.close();
    expect(client.state).toBe("expired");
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(server.accepted).toBe(2);
  });
});

test("a session that servers refuse while they serve others is given up, not tried for ever", async () => {
  const { server, connection, client } = await fixture.connectedPair({ timeoutMs: 300 });
  const given: bigint[] = [];
  connection.destroy();

  const playing = (async () => {
    for (;;) {
      const next = await server.accept();
      const { sessionId } = await next.nextHandshake();
      given.push(sessionId);
      if (sessionId === SESSION_ID) next.destroy();
      else next.send(handshakeReply({ id: 99n, timeoutMs: 300 }));
    }
  })();
  playing.catch(() => {});
  await stateOf(client, "expired");

  expect(given.filter((id) => id === SESSION_ID).length).toBeGreaterThanOrEqual(3);
  expect(given.filter((id) => id === 0n)).toHaveLength(1);
});

test("a session that servers refuse while they serve nobody is kept", async () => {
  const { server, connection, client } = await fixture.connectedPair({ timeoutMs: 300 });
  connection.destroy();

  // The second newcomer is the next question: the first one's answer has been drawn upon.
  let newcomers = 0;
  while (newcomers < 2) {
    const next = await server.accept();
    if ((await next.nextHandshake()).sessionId === 0n) newcomers += 1;
    next.destroy();
  }
  expect(client.leaseRemainingMs()).toBe(0);
  expect(client.state).toBe("suspended");
});

describe("a session that is refused when its lease is over", () => {
  /** A server that hangs up on whoever `welcomes` does not want; its new sessions are numbered. */
  async function refusing(welcomes: (handshake: { isNew: boolean; refused: number }) => boolean) {
    const server = await fixture.hostile();
    const opening = fixture.connect(server.address);
    const first = await server.accept();
    await first.answerHandshake({ id: 1n, timeoutMs: 300 });
    const client = await opening;
    first.destroy();
    const guests: HostileConnection[] = [];
    let refused = 0;
    const answer = async (connection: HostileConnection): Promise<void> => {
      const { sessionId } = await connection.nextHandshake();
      const isNew = sessionId === 0n;
      if (!welcomes({ isNew, refused })) {
        refused += isNew ? 0 : 1;
        connection.destroy();
        return;
      }
      // The guest keeps its connection however slow the machine is.
      const granted = isNew ? { id: 2n, timeoutMs: 30_000 } : { id: sessionId, timeoutMs: 300 };
      connection.send(handshakeReply(granted));
      if (isNew) guests.push(connection);
    };
    const serve = async (): Promise<void> => {
      for (;;) await answer(await server.accept());
    };
    // It waits for connections until the test is over.
    serve().catch(() => {});
    await stateOf(client, "suspended");
    return { client, guests };
  }

  test("is given up while the same server serves a new one", async () => {
    const { client, guests } = await refusing(({ isNew }) => isNew);

    await stateOf(client, "expired");

    await eventually("a goodbye", () => guests.every((one) => one.closedSession) || undefined);
    expect(guests).toHaveLength(1);
  });

  test("lives on when the quorum came back right before it asked whether others are served", async () => {
    let isBack = false;
    const { client } = await refusing(({ isNew, refused }) => {
      isBack ||= isNew && refused > 0;
      return isBack;
    });
    const states: SessionState[] = [];
    client.onStateChange((state) => states.push(state));

    await stateOf(client, "connected");

    expect(states).toEqual(["connected"]);
    expect(client.sessionId).toBe("0000000000000001");
  });

  test("proves nothing when the new one loses its connection meanwhile", async () => {
    let granted = 0;
    const { client, guests } = await refusing(({ isNew }) => {
      if (!isNew) {
        // The quorum is gone again for the one as for the other.
        for (const guest of guests) guest.destroy();
        return granted >= 3;
      }
      granted += 1;
      return true;
    });

    await stateOf(client, "connected");

    expect(client.sessionId).toBe("0000000000000001");
  });
});
