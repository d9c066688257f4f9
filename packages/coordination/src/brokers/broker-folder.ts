import { type Logger, ZoologError } from "@zoolog/base";
import type { Operation, ZooKeeperClient } from "@zoolog/zookeeper";
import { ifThere } from "../existing.ts";
import { brokerFolderPath } from "../paths.ts";
import type { BrokerRegistration } from "../port/broker-registration.ts";
import { decodeBrokerFolder, encodeBrokerFolder } from "../znodes/id-znodes.ts";

/**
 * What ZooKeeper remembers of the folder that a broker ran on last, as seen before a registration.
 * `write` puts the present folder in its place: in the same multi as the registration, so that
 * nothing is acknowledged on a folder that is not the one remembered.
 */
export type FolderCheck = {
  /** The data may lack what the broker acknowledged since. */
  readonly isOutdated: boolean;
  readonly write: readonly Operation[];
};

export async function checkFolder(
  client: ZooKeeperClient,
  registration: BrokerRegistration,
  logger: Logger,
): Promise<FolderCheck> {
  const { brokerId, incarnation, origin } = registration;
  if (origin === undefined) return { isOutdated: false, write: [] };
  const { lives } = origin;
  const path = brokerFolderPath(brokerId);
  const data = encodeBrokerFolder(incarnation, lives[0]);
  const znode = await ifThere(client.getData(path));
  if (znode === undefined) {
    return { isOutdated: false, write: [{ type: "create", path, data }] };
  }
  const write: Operation = { type: "setData", path, data, version: znode.stat.version };
  const last = remembered(path, znode.data, logger);
  // A folder of a version without lives goes by its incarnation.
  const isKnown =
    last === undefined || lives.includes(last.life) || lives.includes(last.incarnation);
  if (!isKnown) {
    const found = { last: last.incarnation, lastLife: last.life, incarnation, lives };
    logger.warn("this broker ran on another or newer data folder last", {
      ...found,
      hint: "If the wrong volume was mounted, stop the broker and mount the right one. As it is, its replicas are brought up to date by their leaders, and what only this broker had is offline.",
    });
  }
  return { isOutdated: !isKnown, write: [write] };
}

/** Nonsense says nothing about the data, and is replaced. */
function remembered(
  path: string,
  data: Uint8Array,
  logger: Logger,
): ReturnType<typeof decodeBrokerFolder> | undefined {
  try {
    return decodeBrokerFolder(path, data);
  } catch (error) {
    if (!(error instanceof ZoologError)) throw error;
    logger.warn("which folder the broker ran on last cannot be read", { cause: error.message });
    return undefined;
  }
}
