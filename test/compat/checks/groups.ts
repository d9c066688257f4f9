import {
  type Check,
  type CheckContext,
  expectEqual,
  pause,
  type ReadRecord,
  until,
} from "../check.ts";

const PARTITIONS = 4;
const ROUND = 10;
/** Clients that commit by the clock are told to do so several times in this. */
const COMMIT_MS = 1_200;

type Polled = { readonly assigned: readonly number[]; readonly records: readonly ReadRecord[] };

export const GROUP_CHECKS: readonly Check[] = [
  { name: "consume in a group, rebalances", run: consumeInGroup },
  { name: "committed offsets", run: committedOffsets },
  { name: "list, describe, delete group", run: groupLife },
];

/** Members of one group, and what they have got. */
class Members {
  readonly #context: CheckContext;
  readonly #group: string;
  readonly #topic: string;
  readonly #open = new Map<string, readonly number[]>();
  readonly values: string[] = [];

  constructor(context: CheckContext, group: string, topic: string) {
    this.#context = context;
    this.#group = group;
    this.#topic = topic;
  }

  async join(member: string): Promise<void> {
    const [group, topic] = [this.#group, this.#topic];
    await this.#context.driver.call("join", { member: this.#id(member), group, topic });
    this.#open.set(member, []);
  }

  async leave(member: string): Promise<void> {
    await this.#take(member);
    await this.#context.driver.call("leave", { member: this.#id(member) });
    this.#open.delete(member);
  }

  /** Until everybody who is in has so many partitions. */
  async untilEach(partitions: number): Promise<void> {
    await until(
      `every member has ${partitions} partitions`,
      () => this.#poll(),
      (sizes) => sizes.every((size) => size === partitions),
    );
  }

  async untilGot(count: number): Promise<void> {
    await until(
      `${count} records`,
      async () => {
        await this.#poll();
        return this.values.length;
      },
      (length) => length >= count,
    );
    await pause(COMMIT_MS);
    await this.#poll();
  }

  async #poll(): Promise<number[]> {
    for (const member of this.#open.keys()) await this.#take(member);
    return [...this.#open.values()].map(({ length }) => length);
  }

  async #take(member: string): Promise<void> {
    const { driver } = this.#context;
    const { assigned, records } = await driver.call<Polled>("poll", { member: this.#id(member) });
    this.#open.set(member, assigned);
    this.values.push(...records.map(({ value }) => value ?? ""));
  }

  #id(member: string): string {
    return `${this.#group}/${member}`;
  }
}

/** A member alone, a second one comes, it leaves again, a third one finds what was committed. */
async function consumeInGroup(context: CheckContext): Promise<string | undefined> {
  const { driver, cluster, name } = context;
  const [topic, group] = [name("group"), name("members")];
  await cluster.createTopic(topic, PARTITIONS);
  await driver.call("open-producer", { producer: topic, codec: "none" });
  const members = new Members(context, group, topic);
  const sent: string[] = [];
  const send = async (round: string): Promise<void> => {
    for (let partition = 0; partition < PARTITIONS; partition += 1) {
      const values = Array.from({ length: ROUND }, (_, i) => `${round}/${partition}/${i}`);
      const records = values.map((value) => ({ key: null, value, headers: {} }));
      const args = { producer: topic, topic, partition, isAnyPartitionFine: true, records };
      await driver.call("send", args);
      sent.push(...values);
    }
  };
  await members.join("a");
  await members.untilEach(PARTITIONS);
  await send("alone");
  await members.untilGot(sent.length);
  await members.join("b");
  await members.untilEach(PARTITIONS / 2);
  await send("two");
  await members.untilGot(sent.length);
  await members.leave("b");
  await members.untilEach(PARTITIONS);
  await send("alone again");
  await members.untilGot(sent.length);
  await members.leave("a");
  await members.join("c");
  await members.untilEach(PARTITIONS);
  await send("after");
  await members.untilGot(sent.length);
  await members.leave("c");
  await driver.call("close-producer", { producer: topic });
  expectEqual("records that came", unique(members.values), sent.sort());
  const repeated = members.values.filter((value, at) => members.values.indexOf(value) !== at);
  expectEqual("records that came more than once", repeated, []);
  return undefined;
}

function unique(values: readonly string[]): string[] {
  return [...new Set(values)].sort();
}

async function committedOffsets(context: CheckContext): Promise<string | undefined> {
  const { driver, cluster, name } = context;
  const [topic, group] = [name("committed"), name("commits")];
  await cluster.createTopic(topic, 1);
  await sendSome(context, topic, 25);
  const members = new Members(context, group, topic);
  await members.join("a");
  await members.untilGot(25);
  await members.leave("a");
  const offsets = await driver.call<number[]>("committed", { group, topic, partitions: [0] });
  expectEqual("the committed offset", offsets, [25]);
  return undefined;
}

async function groupLife(context: CheckContext): Promise<string | undefined> {
  const { driver, cluster, name } = context;
  const [topic, group] = [name("group-life"), name("life")];
  await cluster.createTopic(topic, 1);
  await sendSome(context, topic, 5);
  const members = new Members(context, group, topic);
  await members.join("a");
  await members.untilGot(5);
  const listed = await driver.call<string[]>("list-groups");
  if (!listed.includes(group)) throw new Error(`the group is not listed: ${listed}`);
  type Described = { readonly state: string; readonly members: number };
  const described = await driver.call<Described>("describe-group", { group });
  expectEqual("members", described.members, 1);
  expectEqual("state", described.state.toLowerCase(), "stable");
  await members.leave("a");
  await driver.call("delete-group", { group });
  await until(
    "the group is gone",
    () => driver.call<string[]>("list-groups"),
    (groups) => !groups.includes(group),
  );
  return undefined;
}

async function sendSome({ driver }: CheckContext, topic: string, count: number): Promise<void> {
  const records = Array.from({ length: count }, (_, i) => ({
    key: null,
    value: `${i}`,
    headers: {},
  }));
  await driver.call("open-producer", { producer: topic, codec: "none" });
  await driver.call("send", { producer: topic, topic, partition: 0, records });
  await driver.call("close-producer", { producer: topic });
}
