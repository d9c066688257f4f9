import { EpochRules, type StateSeen } from "./epoch-rules.ts";

const seen = (state: Partial<StateSeen>): StateSeen => ({
  ...{ partition: 0, leader: 1, leaderEpoch: 4, controllerEpoch: 2, mzxid: 100 },
  ...state,
});

test("elections one after the other violate nothing", () => {
  const rules = new EpochRules();

  rules.sawController(2, 90);
  rules.sawState(seen({}));
  rules.sawState(seen({ leader: -1, leaderEpoch: 5, mzxid: 110 }));
  rules.sawController(3, 120);
  rules.sawState(seen({ leader: 2, leaderEpoch: 6, controllerEpoch: 3, mzxid: 130 }));
  rules.sawState(seen({ leader: 2, leaderEpoch: 6, controllerEpoch: 3, mzxid: 140 }));

  expect(rules.violations).toEqual([]);
});

test("a second leader in one epoch is a violation", () => {
  const rules = new EpochRules();

  rules.sawState(seen({ leader: 1 }));
  rules.sawState(seen({ leader: 2 }));

  expect(rules.violations).toEqual(["two leaders of partition 0 in epoch 4: 1, 2"]);
});

test("a leader epoch that falls is a violation", () => {
  const rules = new EpochRules();

  rules.sawState(seen({ leaderEpoch: 5 }));
  rules.sawState(seen({ leaderEpoch: 4 }));

  expect(rules.violations).toEqual(["the leader epoch of partition 0 fell: 5, 4"]);
});

test("a controller that writes after its successor was elected is a violation", () => {
  const rules = new EpochRules();

  rules.sawController(3, 95);
  rules.sawState(seen({ controllerEpoch: 2, mzxid: 100 }));

  expect(rules.violations).toEqual([
    "controller 2 wrote partition 0 (zxid 100) after controller 3 was elected (zxid 95)",
  ]);
});
