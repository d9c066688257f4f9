import { isDeepStrictEqual } from "node:util";
import {
  decodeConsumerAssignment,
  decodeConsumerSubscription,
  decodeStickyUserData,
  encodeConsumerAssignment,
  encodeConsumerSubscription,
  encodeStickyUserData,
} from "@zoolog/protocol";
import { type Door, type FuzzTarget, mustHold, type Outcome, shapeOf } from "../fuzz-target.ts";

const OWNED = [
  { topic: "orders", partitions: [0, 1, 2] },
  { topic: "payments", partitions: [] },
];

export const consumerProtocol: FuzzTarget = {
  name: "consumer-protocol",
  row: "F-02",
  about: "what members of classic groups tell each other: subscriptions, assignments, user data",
  inputBytesMax: 1_024,
  smokeExecutions: 6_000,
  allocationSlackBytes: 8_192,
  open(): Door {
    const subscription = { topics: ["orders", "payments"], owned: OWNED, generation: 3, rack: "a" };
    const userData = encodeStickyUserData({ owned: OWNED, generation: 4 });
    const files = [
      ...[0, 1, 2, 3].map((version) => encodeConsumerSubscription(subscription, version)),
      encodeConsumerAssignment({ assigned: OWNED, userData }),
      userData,
    ];
    return { seeds: files, execute };
  },
};

const FORMS = [
  {
    name: "subscription",
    decode: decodeConsumerSubscription,
    again: (value: never) => decodeConsumerSubscription(encodeConsumerSubscription(value)),
  },
  {
    name: "assignment",
    decode: decodeConsumerAssignment,
    again: (value: never) => decodeConsumerAssignment(encodeConsumerAssignment(value)),
  },
  {
    name: "sticky",
    decode: decodeStickyUserData,
    again: (value: never) => decodeStickyUserData(encodeStickyUserData(value)),
  },
];

function execute(input: Buffer): Outcome {
  const outcomes = FORMS.map(({ name, decode, again }) => {
    const decoded = decode(input);
    if ("fault" in decoded && decoded.fault !== undefined) return shapeOf(decoded.fault);
    const first = again(decoded.value as never);
    mustHold("value" in first, `${name} is not read again`);
    // Topics that are no UTF-8 are read with replacement characters, which stay; some sort.
    const second = again(first.value as never);
    mustHold(isDeepStrictEqual(second, first), `${name} is not what it was`);
    return "read";
  });
  return outcomes.join(" ");
}
