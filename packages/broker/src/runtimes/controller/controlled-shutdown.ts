import {
  type BrokerEpoch,
  type BrokerId,
  type Clock,
  errorMessage,
  type Logger,
  type Scheduler,
  sleep,
} from "@zoolog/base";
import type { ClusterImage, ControlledShutdownEvent, PartitionImage } from "@zoolog/controller";
import { within } from "../../within.ts";
import { requestTimedOut } from "../errors.ts";
import type { MetadataCache } from "../image/metadata-cache.ts";
import type { ControllerLink } from "./controller-link.ts";

export type ControlledShutdownParts = {
  readonly link: Pick<ControllerLink, "submit">;
  readonly cache: MetadataCache;
  readonly brokerEpoch: () => BrokerEpoch | undefined;
  /** With ZooKeeper away the controller cannot write, and nothing is to be waited for. */
  readonly isCoordinated: () => boolean;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly logger: Logger;
};

/** Until the controller is asked again: a follower may have caught up, a controller been elected. */
const ASK_AGAIN_MS = 100;

/**
 * What clients have sent here before they could know better arrives meanwhile and is answered with the
 * new leader; on a closed connection they would have to wait and to look for it themselves.
 */
const CLIENTS_ARE_TOLD_MS = 150;

/**
 * Hands every leadership over that somebody else can take, before this broker stops answering: its
 * clients are told where to go instead of losing a connection. Resolves when the image that is
 * followed here shows it and clients had time to notice, or after `timeoutMs`: whoever leaves leaves.
 */
export async function handLeadershipsOver(
  options: { readonly brokerId: BrokerId; readonly timeoutMs: number },
  parts: ControlledShutdownParts,
): Promise<void> {
  const { cache, clock, scheduler, logger } = parts;
  const { brokerId } = options;
  const deadline = clock.monotonic() + options.timeoutMs;
  const ledBefore = ledBy(cache.image, brokerId).length;
  while (clock.monotonic() < deadline) {
    if (!isAnybodyElse(cache.image, brokerId) || !parts.isCoordinated()) return;
    const asking = { brokerId, timeoutMs: deadline - clock.monotonic() };
    const { isAccepted, remaining } = await askOnce(asking, parts);
    if (isAccepted) {
      const leftMs = Math.max(0, deadline - clock.monotonic());
      await cache.waitFor((image) => ledBy(image, brokerId).length <= remaining, leftMs);
      const led = ledBy(cache.image, brokerId);
      // What nobody else holds, nobody will take: waiting is for those who may still catch up.
      const waiting = led.filter((partition) =>
        partition.replicas.some((replica) => mayTakeOver(replica, cache.image, brokerId)),
      );
      if (waiting.length === 0) {
        if (led.length < ledBefore) await sleep(scheduler, CLIENTS_ARE_TOLD_MS);
        return;
      }
      logger.debug("leaderships not handed over yet", { partitions: waiting.length });
    }
    await sleep(scheduler, ASK_AGAIN_MS);
  }
}

async function askOnce(
  { brokerId, timeoutMs }: { readonly brokerId: BrokerId; readonly timeoutMs: number },
  { link, brokerEpoch: epochOf, scheduler, logger }: ControlledShutdownParts,
): Promise<{ readonly isAccepted: boolean; readonly remaining: number }> {
  const brokerEpoch = epochOf();
  if (brokerEpoch === undefined) return { isAccepted: false, remaining: 0 };
  try {
    const event = { type: "controlledShutdown", brokerId, brokerEpoch } as const;
    const asked = link.submit<ControlledShutdownEvent>(event);
    const onTimeout = () => requestTimedOut("the controlled shutdown");
    const { error, remaining } = await within(asked, { timeoutMs, scheduler, onTimeout });
    if (error !== undefined) logger.debug("controlled shutdown refused", { ...error });
    return { isAccepted: error === undefined, remaining: remaining.length };
  } catch (error) {
    logger.debug("controlled shutdown not asked for", { error: errorMessage(error) });
    return { isAccepted: false, remaining: 0 };
  }
}

function isAnybodyElse(image: ClusterImage | undefined, brokerId: BrokerId): boolean {
  return [...(image?.brokers.values() ?? [])].some(
    (broker) => broker.brokerId !== brokerId && !broker.shuttingDown,
  );
}

function mayTakeOver(
  replica: BrokerId,
  image: ClusterImage | undefined,
  leaving: BrokerId,
): boolean {
  return replica !== leaving && image?.brokers.get(replica)?.shuttingDown === false;
}

function ledBy(image: ClusterImage | undefined, brokerId: BrokerId): PartitionImage[] {
  const led: PartitionImage[] = [];
  for (const { partitions } of image?.topics.values() ?? []) {
    for (const partition of partitions) if (partition.leader === brokerId) led.push(partition);
  }
  return led;
}
