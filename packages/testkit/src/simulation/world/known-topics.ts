import type { CallContext } from "@zoolog/broker";
import type { World } from "./world.ts";
import type { TopicLife } from "./world-topics.ts";

const LOOK_MS = 20;

/** Asks brokers what they know; answered from memory, before the next event of the world. */
export const OBSERVER: CallContext = {
  signal: new AbortController().signal,
  clientId: "observer",
  remoteAddress: "observer",
  principal: { kind: "anonymous" },
  holdWhile: (task) => task,
};

/**
 * Notes when every broker that could serve a client has heard of a topic. One that is paused or
 * starts may still have an older image; one that is down will begin with the newest.
 */
export async function whenKnown(world: World, life: TopicLife): Promise<void> {
  while (life.deletedAt === undefined) {
    const answers = world.hosts.map(async ({ broker, process }) => {
      if (process === undefined) return true;
      if (broker === undefined || process.isPaused) return false;
      const request = { topics: [life.name], allowAutoTopicCreation: false };
      const { topics } = await broker.api.metadata(request, OBSERVER);
      return topics.some((topic) => "topicId" in topic && topic.topicId === life.topicId);
    });
    const known = await Promise.all(answers).catch(() => [false]);
    if (known.every((knows) => knows)) {
      life.knownAt = world.schedule.nowMs;
      return;
    }
    await world.wait(LOOK_MS);
  }
}

/** Resolves when every broker has heard of all of them: the controller, too, which tells the others. */
export async function whenBrokersAreKnown(world: World): Promise<void> {
  const request = { topics: [], allowAutoTopicCreation: false };
  for (;;) {
    const answers = world.hosts.map(async ({ broker }) => {
      const answer = await broker?.api.metadata(request, OBSERVER);
      return answer?.brokers.length === world.hosts.length;
    });
    const known = await Promise.all(answers).catch(() => [false]);
    if (known.every((knows) => knows)) return;
    await world.wait(LOOK_MS);
  }
}
