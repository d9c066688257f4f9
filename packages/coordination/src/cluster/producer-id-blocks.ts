import { type BrokerId, errorCode } from "@zoolog/base";
import type { ZooKeeperClient } from "@zoolog/zookeeper";
import { isConnectionFault, producerIdsExhausted, unavailable } from "../errors.ts";
import { ifThere } from "../existing.ts";
import { PRODUCER_ID_BLOCK_PATH } from "../paths.ts";
import type { ProducerIdBlock } from "../port/coordination-store.ts";
import type { CoordinationSession } from "../session.ts";
import { decodeIdBlock, encodeIdBlock } from "../znodes/id-znodes.ts";

/** Ids per block, as in Kafka. A restarted broker wastes at most so many. */
const BLOCK_SIZE = 1_000;
/** Races lost before the caller is told to come back: every broker takes a block at a time. */
const ATTEMPTS_MAX = 100;

/**
 * Takes the next block by compare and set. A write whose fate is open may have taken a block:
 * it is given up and the next one taken, for ids are plentiful and a block given twice is not.
 */
export async function claimProducerIds(
  session: CoordinationSession,
  broker: BrokerId,
): Promise<ProducerIdBlock> {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    const client = await session.client();
    try {
      const firstId = await takeNext(client, broker);
      return { firstId, size: BLOCK_SIZE };
    } catch (error) {
      const code = errorCode(error);
      const overtaken = code === "BAD_VERSION" || code === "NODE_EXISTS" || code === "NO_NODE";
      if (!overtaken && !isConnectionFault(error)) throw error;
    }
  }
  throw unavailable(undefined);
}

async function takeNext(client: ZooKeeperClient, broker: BrokerId): Promise<number> {
  const znode = await ifThere(client.getData(PRODUCER_ID_BLOCK_PATH));
  const first = znode === undefined ? 0 : decodeIdBlock(znode.data).last + 1;
  const last = first + BLOCK_SIZE - 1;
  if (!Number.isSafeInteger(last)) throw producerIdsExhausted();
  const data = encodeIdBlock(broker, { first, last });
  if (znode === undefined) await client.create(PRODUCER_ID_BLOCK_PATH, data);
  else await client.setData(PRODUCER_ID_BLOCK_PATH, data, znode.stat.version);
  return first;
}
