import { bytes, GroupUnderTest } from "../group.fixture.ts";
import type { JoinGroupEvent } from "../group-event.ts";

export const protocol = (...names: string[]) =>
  names.map((name) => ({ name, metadata: bytes(`${name} wants orders`) }));

/** A ConsumerProtocolSubscription that names these topics. */
export function subscription(...topics: string[]): Uint8Array {
  const head = Buffer.alloc(6);
  head.writeInt32BE(topics.length, 2);
  const names = topics.flatMap((topic) => [Buffer.from([0, topic.length]), Buffer.from(topic)]);
  return Buffer.concat([head, ...names]);
}

/** A stable group of these members, in generation 1; the first leads. */
export function stable(
  ids: readonly string[],
  fields: (id: string) => Partial<JoinGroupEvent> = () => ({}),
) {
  const test = new GroupUnderTest({ orders: 4 });
  for (const id of ids) test.join({ memberIdCandidate: id, ...fields(id) });
  test.fire("initialDelay");
  if (ids.length > 1) test.fire("initialDelay");
  const assignments = Object.fromEntries(ids.map((id) => [id, `${id} has it`]));
  for (const id of ids) test.sync(id, 1, id === ids[0] ? assignments : {});
  expect(test.group).toMatchObject({ state: "Stable", generation: 1 });
  return test;
}

export const isStatic = (id: string) => ({ groupInstanceId: `instance-${id}` });
