import { errorCode, silentLogger, ZoologError } from "@zoolog/base";
import { MemoryCoordination } from "@zoolog/testkit";
import type { ZooKeeperClient } from "@zoolog/zookeeper";
import { HistoryMarks } from "./history-marks.ts";

const HISTORY = "/cluster/history";

let world: MemoryCoordination;
let hand: ZooKeeperClient;

beforeEach(async () => {
  world = new MemoryCoordination();
  await world.open("layout");
  hand = await world.ensemble.connect("zkCli");
});
afterEach(() => world.close());

/** Two marks of one session and one moment are the same mark. */
async function leave(by: HistoryMarks): Promise<string | undefined> {
  world.time.advance(1);
  return await by.leave(hand);
}
const broker = (logger = silentLogger): HistoryMarks =>
  new HistoryMarks({ clock: world.time.clock, logger });
const write = (marks: readonly unknown[]) =>
  hand.setData(HISTORY, Buffer.from(JSON.stringify({ version: 1, marks })));
async function marks(): Promise<string[]> {
  return JSON.parse(Buffer.from((await hand.getData(HISTORY)).data).toString()).marks;
}
async function leaveMany(count: number): Promise<void> {
  const others = broker();
  for (let i = 0; i < count; i++) {
    await leave(others);
  }
}

describe("nothing says that ZooKeeper went back", () => {
  test("where brokers that know no marks ran until now", async () => {
    const [one, other] = [broker(), broker()];

    const both = await Promise.all([leave(one), leave(other)]);

    expect(both).toEqual([undefined, undefined]);
    expect(await marks()).toHaveLength(1);
    expect(await leave(other)).toBeUndefined();
    expect(await leave(one)).toBeUndefined();
  });

  test.each([126, 127, 128, 129, 1_000])("to who comes after %i marks of others", async (count) => {
    const away = broker();
    await leave(away);

    await leaveMany(count);

    expect(await leave(away)).toBeUndefined();
  });

  test("where others keep fewer marks, or more", async () => {
    await leaveMany(128);
    const one = broker();
    await leave(one);

    await write([...(await marks()).slice(-2), "0x1@1"]);
    expect(await leave(one)).toBeUndefined();
    await write([...Array.from({ length: 200 }, (_, i) => `0x2@${i}`), ...(await marks())]);
    expect(await leave(one)).toBeUndefined();
    await leaveMany(200);
    expect(await leave(one)).toBeUndefined();
  });

  test("where a hand emptied the list, or wrote the same again", async () => {
    await leaveMany(10);
    const one = broker();
    await leave(one);

    for (const spoil of [() => write([]), async () => write(await marks())]) {
      await spoil();
      expect(await leave(one)).toBeUndefined();
      await leaveMany(130);
      expect(await leave(one)).toBeUndefined();
    }
  });

  test("where marks are too large to be written again: they are no marks", async () => {
    const one = broker();
    await leave(one);

    await write(Array.from({ length: 100 }, () => "x".repeat(10_000)));

    expect(await leave(one)).toBeUndefined();
    expect((await hand.getData(HISTORY)).data.length).toBeLessThan(1_000);
    expect(await leave(one)).toBeUndefined();
  });

  test("to looks that overlap, whichever of them ends first", async () => {
    const one = broker();
    await leave(one);

    const looks = await Promise.all(Array.from({ length: 5 }, () => leave(one)));

    expect(looks).toEqual(Array.from({ length: 5 }, () => undefined));
    expect(await leave(one)).toBeUndefined();
  });
});

describe("ZooKeeper went back", () => {
  const stateOf = async () => (await hand.getData(HISTORY)).data;
  async function restore(data: Uint8Array, version: number): Promise<void> {
    await hand.remove(HISTORY);
    await hand.create(HISTORY, data);
    for (let written = 0; written < version; written++) await hand.setData(HISTORY, data);
  }

  test("where the znode is gone", async () => {
    const one = broker();
    await leave(one);

    await hand.remove(HISTORY);

    expect(await leave(one)).toContain("is gone");
  });

  test("where its version is lower", async () => {
    await leaveMany(10);
    const backup = await stateOf();
    const one = broker();
    await leave(one);

    await restore(backup, 2);

    expect(await leave(one)).toContain("lost the mark");
  });

  test("where others have left marks at the same version since, and as long as that can be seen", async () => {
    await leaveMany(10);
    const backup = await stateOf();
    const one = broker();
    await leave(one);

    await restore(backup, 9);
    await leaveMany(100);

    expect(await leave(one)).toContain("lost the mark");
    expect(await leave(one)).toContain("lost the mark");
  });
});

describe("nobody can tell", () => {
  const spoil = () => hand.setData(HISTORY, Buffer.from("spoilt"));

  test("whether ZooKeeper went back where the marks cannot be read; that is said until they can", async () => {
    const warned: string[] = [];
    const logger = { ...silentLogger, warn: (message: string) => void warned.push(message) };
    const one = broker(logger);
    await leave(one);
    expect(one.doubt).toBeUndefined();

    await spoil();
    expect(await leave(one)).toBeUndefined();

    expect(one.doubt).toContain(HISTORY);
    expect(warned).toEqual(["cannot tell whether zookeeper went back"]);
    await leave(one);
    expect(one.doubt).toBeUndefined();
    expect(warned).toHaveLength(1);
  });

  test("of a state that could not be read, and that no mark was written over", async () => {
    await leaveMany(3);
    await spoil();
    const one = broker();
    expect(await leaveInVain(one)).toBe("CONNECTION_LOSS");

    await spoil();
    await leaveMany(1);
    await leave(one);

    expect(one.doubt).toContain("could not be read the last time");
  });

  test("unless its version went back, which says it all", async () => {
    await leaveMany(3);
    await spoil();
    const one = broker();
    expect(await leaveInVain(one)).toBe("CONNECTION_LOSS");

    await hand.remove(HISTORY);
    await leaveMany(2);

    expect(await leave(one)).toContain("has data version 1 after 3");
  });

  /** The connection is lost before a mark is written. */
  async function leaveInVain(by: HistoryMarks): Promise<string | undefined> {
    const lost = new ZoologError({ code: "CONNECTION_LOSS", message: "connection lost" });
    const broken = {
      sessionId: hand.sessionId,
      getData: (path: string) => hand.getData(path),
      setData: () => Promise.reject(lost),
    } as unknown as ZooKeeperClient;
    return await by.leave(broken).then(
      () => undefined,
      (error: unknown) => errorCode(error),
    );
  }
});
