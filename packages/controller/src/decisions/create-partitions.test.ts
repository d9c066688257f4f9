import { brokerId, controllerEpoch, timestamp } from "@zoolog/base";
import { sampleControllerSettings } from "@zoolog/testkit";
import type { MorePartitions } from "../controller-event.ts";
import { decide } from "../decide.ts";
import { loadController } from "../load-controller.ts";

const nothingThere = () =>
  loadController(
    {
      clusterId: "cluster",
      controllerId: brokerId(1),
      controllerEpoch: controllerEpoch(1),
      brokers: [],
      topics: [],
      unreadableTopics: [],
      brokerConfigs: [],
      deletedTopics: [],
      coordinators: [],
    },
    sampleControllerSettings(),
  );

test("ten times the topics are ten times the work, not a hundred times", () => {
  const namesReadFor = (howMany: number): number => {
    let namesRead = 0;
    const topics = Array.from({ length: howMany }, (_, i): MorePartitions => {
      return {
        get name() {
          namesRead += 1;
          return `topic-${i}`;
        },
        count: 2,
        assignment: undefined,
      };
    });
    const event = { type: "createPartitions", requestId: 1, validateOnly: true, topics } as const;
    decide(nothingThere(), event, timestamp(0));
    return namesRead;
  };

  expect(namesReadFor(1_000)).toBe(10 * namesReadFor(100));
});
