import { GroupUnderTest, outcome } from "./group.fixture.ts";
import type { ConsumerGroupValue } from "./state/stored-group.ts";

test.each([
  { epoch: 1, assignmentEpoch: 7, ends: 8 },
  { epoch: 0, assignmentEpoch: 1, ends: 2 },
  { epoch: 7, assignmentEpoch: 0, ends: 7 },
])(
  "epochs that a hand has written ($epoch, targets of $assignmentEpoch) go on",
  ({ ends, ...by }) => {
    const test = new GroupUnderTest({ orders: 4 });
    test.consume({ memberId: "a", memberEpoch: "join" });
    test.stored.value = { ...(test.stored.value as ConsumerGroupValue), ...by };

    test.failOver();
    const first = test.consume({ memberId: "b", memberEpoch: "join" });
    const again = test.consume({ memberId: "a", memberEpoch: 1 });

    expect([outcome(first), outcome(again)]).toEqual([
      "consumerGroupHeartbeat",
      "consumerGroupHeartbeat",
    ]);
    expect(test.group).toMatchObject({ epoch: ends, assignmentEpoch: ends });
  },
);
