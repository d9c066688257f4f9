import type { ElectLeadersEvent } from "@zoolog/controller";
import type { ElectLeadersRequest, ElectLeadersResponse } from "@zoolog/protocol";
import type { Principal } from "../principal.ts";
import { requestTimedOut } from "../runtimes/errors.ts";
import { within } from "../within.ts";
import { atController, type ControllerCallDependencies, itemError } from "./at-controller.ts";

type Elected = ElectLeadersResponse["topics"][number]["partitions"][number];

/** Asks the controller, then waits until this broker knows the new leaders. */
export function electLeaders(
  request: ElectLeadersRequest,
  caller: Principal,
  dependencies: ControllerCallDependencies,
): Promise<ElectLeadersResponse> {
  const { peers } = dependencies;
  return atController(request, caller, dependencies, {
    here: (timeLeft) => electHere({ ...request, ...timeLeft }, dependencies),
    there: async (endpoint, timeLeft, options) => {
      const passed = { ...request, ...timeLeft };
      const response = await peers.call(endpoint, "elect-leaders", passed, options);
      await areKnown(response, timeLeft.timeoutMs, dependencies);
      return response;
    },
  });
}

async function electHere(
  request: ElectLeadersRequest,
  dependencies: ControllerCallDependencies,
): Promise<ElectLeadersResponse> {
  const { controller, clock, scheduler } = dependencies;
  const { election, timeoutMs } = request;
  const deadline = clock.monotonic() + timeoutMs;
  const asked = request.topics?.flatMap(({ topic, partitions }) =>
    partitions.map((partition) => ({ topic, partition })),
  );
  const event = { type: "electLeaders", election, partitions: asked } as const;
  const { partitions } = await within(controller.submit<ElectLeadersEvent>(event), {
    timeoutMs,
    scheduler,
    onTimeout: () => requestTimedOut("the election of leaders"),
  });
  const byTopic = new Map<string, Elected[]>();
  for (const { topic, partition, ...result } of partitions) {
    const elected: Elected =
      result.error === undefined
        ? { partition, leader: result.leader }
        : { partition, error: itemError(result.error) };
    const others = byTopic.get(topic);
    if (others === undefined) byTopic.set(topic, [elected]);
    else others.push(elected);
  }
  const response = {
    topics: [...byTopic].map(([topic, elected]) => ({ topic, partitions: elected })),
  };
  await areKnown(response, Math.max(0, deadline - clock.monotonic()), dependencies);
  return response;
}

/** Another election may follow at once: a leader that was never seen is not waited for to the end. */
async function areKnown(
  { topics }: ElectLeadersResponse,
  timeoutMs: number,
  { cache }: ControllerCallDependencies,
): Promise<void> {
  const elected = topics.flatMap(({ topic, partitions }) =>
    partitions.flatMap((item) => ("error" in item ? [] : [{ topic, ...item }])),
  );
  if (elected.length === 0) return;
  await cache.waitFor(
    (image) =>
      elected.every(
        ({ topic, partition, leader }) =>
          image.topics.get(topic)?.partitions[partition]?.leader === leader,
      ),
    Math.min(timeoutMs, KNOWN_TIMEOUT_MS),
  );
}

/** Images take milliseconds. */
const KNOWN_TIMEOUT_MS = 2_000;
