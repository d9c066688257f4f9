import { sleep } from "@zoolog/base";
import { WaitingPlaces } from "../../groups/waiting-places.ts";
import { collect, setUp, texts } from "../consumer.fixture.ts";

const INTERVAL_MS = 5_000;
/** Some calls to a scripted broker, and the pause between two heartbeats. */
const SOON_MS = 200;
const WRITE_EVERY_MS = 100;

type Handled = { readonly partition: number; readonly offset: number; readonly at: number };

/** Members of a group that is written to all the time. Giving partitions up takes them a while. */
function group(partitions: number, givingUpMs = 0) {
  const { brokers, client, consumer, groups, time } = setUp({ partitions });
  groups.heartbeatIntervalMs = INTERVAL_MS;
  let heartbeats = 0;
  brokers.fault = ({ call }) => {
    if (call === "consumer-group-heartbeat") heartbeats += 1;
    return undefined;
  };
  const moved = new Set<number>();
  const handled: Handled[] = [];
  const note = (given: readonly { readonly partition: number }[]): void => {
    for (const { partition } of given) moved.add(partition);
  };
  const join = () => {
    const member = consumer({
      onAssigned: note,
      onRevoked: async (given) => {
        note(given);
        await sleep(time.scheduler, givingUpMs);
      },
      onLost: note,
    });
    void collect(member, [], ({ offset, partition }) => {
      handled.push({ partition, offset: Number(offset), at: time.clock.monotonic() });
    });
    return member;
  };
  const producer = client.producer();
  const write = async (forMs: number): Promise<void> => {
    for (let ms = 0; ms < forMs; ms += WRITE_EVERY_MS) {
      for (let partition = 0; partition < partitions; partition++) {
        void producer.send(texts, { value: "x", partition });
      }
      await time.advanceAndSettle(WRITE_EVERY_MS);
    }
  };
  return { groups, handled, heartbeats: () => heartbeats, join, moved, time, write };
}

test("a member hears of a change when it happens, not with its next heartbeat", async () => {
  const { join, time } = group(4);
  const a = join();
  await time.advanceAndSettle(1_000);

  const b = join();
  await time.advanceAndSettle(SOON_MS);
  const shared = [a.assignment().length, b.assignment().length];
  void b.close();
  await time.advanceAndSettle(SOON_MS);

  expect([shared, a.assignment().length]).toEqual([[2, 2], 4]);
});

test("a quiet member sends a dozen heartbeats in a session", async () => {
  const { groups, heartbeats, join, time } = group(4);
  join();
  await time.advanceAndSettle(1_000);
  const before = heartbeats();

  await time.advanceAndSettle(groups.sessionTimeoutMs);

  expect(heartbeats() - before).toBeLessThanOrEqual(12);
});

test("a short session does not end while an answer waits", async () => {
  const { groups, join, moved, time } = group(4);
  groups.sessionTimeoutMs = 6_000;
  join();
  await time.advanceAndSettle(1_000);
  moved.clear();

  await time.advanceAndSettle(60_000);

  expect([...moved]).toEqual([]);
});

test("a coordinator that is frozen while an answer waits is left when another has the group", async () => {
  const { brokers, consumer, groups, time } = setUp({ brokers: 3 });
  let atNext = 0;
  void collect(consumer(), []);
  await time.advanceAndSettle(2_000);

  brokers.fault = ({ call, endpoint }) => {
    if (call === "consumer-group-heartbeat" && endpoint.endsWith(":2")) atNext += 1;
    return endpoint.endsWith(":0") && call === "consumer-group-heartbeat" ? "hang" : undefined;
  };
  await time.advanceAndSettle(2_000);
  groups.coordinator = 2;
  await time.advanceAndSettle(10_000);

  expect(atNext).toBeGreaterThan(0);
});

test("partitions that stay are read on while members join and leave, each record once", async () => {
  const { handled, join, moved, write } = group(12, 1_500);
  const [leaving] = [join(), join(), join()];
  await write(10_000);

  for (const change of [() => void join(), () => void leaving?.close()]) {
    moved.clear();
    handled.length = 0;
    change();
    await write(10_000);

    const staying = [...Array(12).keys()].filter((partition) => !moved.has(partition));
    expect(staying.length).toBeGreaterThanOrEqual(6);
    for (const partition of staying) {
      const own = handled.filter((one) => one.partition === partition);
      expect(own.length).toBeGreaterThan(90);
      for (const [i, { at, offset }] of own.entries()) {
        const former = own[i - 1] ?? { at, offset: offset - 1 };
        expect(offset).toBe(former.offset + 1);
        expect(at - former.at).toBeLessThanOrEqual(2 * WRITE_EVERY_MS);
      }
    }
  }
});

test("a client has places for some heartbeats that wait; one that ends gives its back", () => {
  const places = new WaitingPlaces();
  let taken = 0;
  while (places.take()) taken += 1;

  places.giveBack();

  expect(taken).toBe(32);
  expect([places.take(), places.take()]).toEqual([true, false]);
});
