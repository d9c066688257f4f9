import type { CreatePartitionsEvent } from "@zoolog/controller";
import type { CreatePartitionsRequest, CreatePartitionsResponse } from "@zoolog/protocol";
import type { Principal } from "../principal.ts";
import { requestTimedOut } from "../runtimes/errors.ts";
import { within } from "../within.ts";
import { atController, itemError } from "./at-controller.ts";
import { fullBrokers, type TopicCallDependencies } from "./topic-calls.ts";

/** Asks the controller, then waits until this broker has put the new partitions into effect. */
export function createPartitions(
  request: CreatePartitionsRequest,
  caller: Principal,
  dependencies: TopicCallDependencies,
): Promise<CreatePartitionsResponse> {
  const { peers } = dependencies;
  return atController(request, caller, dependencies, {
    here: (timeLeft) => createHere({ ...request, ...timeLeft }, dependencies),
    there: async (endpoint, timeLeft, options) => {
      const passed = { ...request, ...timeLeft };
      const response = await peers.call(endpoint, "create-partitions", passed, options);
      if (!request.validateOnly) await areThere(response, timeLeft.timeoutMs, dependencies);
      return response;
    },
  });
}

async function createHere(
  request: CreatePartitionsRequest,
  dependencies: TopicCallDependencies,
): Promise<CreatePartitionsResponse> {
  const { controller, clock, scheduler } = dependencies;
  const { validateOnly, timeoutMs } = request;
  const deadline = clock.monotonic() + timeoutMs;
  const event = {
    type: "createPartitions",
    validateOnly,
    fullBrokers: fullBrokers(dependencies),
    topics: request.topics.map(({ topic: name, count, assignments }) => ({
      name,
      count,
      assignment: assignments,
    })),
  } as const;
  const { topics } = await within(controller.submit<CreatePartitionsEvent>(event), {
    timeoutMs,
    scheduler,
    onTimeout: () => requestTimedOut("the creation of partitions"),
  });
  const response = {
    topics: topics.map((item) =>
      item.error === undefined
        ? { topic: item.name, numPartitions: item.partitions }
        : { topic: item.name, error: itemError(item.error) },
    ),
  };
  if (!validateOnly) {
    await areThere(response, Math.max(0, deadline - clock.monotonic()), dependencies);
  }
  return response;
}

/** A topic that was deleted meanwhile is not waited for. */
async function areThere(
  { topics }: CreatePartitionsResponse,
  timeoutMs: number,
  { cache }: TopicCallDependencies,
): Promise<void> {
  const created = topics.flatMap((item) => ("error" in item ? [] : [item]));
  await cache.waitFor(
    (image) =>
      created.every(({ topic, numPartitions }) => {
        const there = image.topics.get(topic)?.partitions.length;
        return there === undefined || there >= numPartitions;
      }),
    timeoutMs,
  );
}
