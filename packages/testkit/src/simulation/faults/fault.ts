import { pauseClient } from "./client/pause-client.ts";
import { drift, jump } from "./clock/clock-faults.ts";
import { damage } from "./disk/damage.ts";
import { diskFull, ioError, refusedOperations, slowDisk } from "./disk/failing-disk.ts";
import type { Fault } from "./fault-context.ts";
import { latency, loss } from "./network/bad-ways.ts";
import { clog, halfOpen, isolate, ring, split, swizzle } from "./network/partitions.ts";
import {
  kill,
  killAll,
  pause,
  powerCut,
  powerCutOfAll,
  rollingRestart,
  shutDown,
} from "./process/process-faults.ts";
import { relay } from "./process/relay.ts";
import {
  connectionLoss,
  expireSession,
  loseQuorum,
  pauseServer,
  staleServer,
  stopServer,
} from "./zookeeper/ensemble-faults.ts";

/** Everything that can be done to a world, by the name that options have it under. */
export const FAULTS = {
  ...{ kill, killAll, powerCut, powerCutOfAll, pause, shutDown, rollingRestart, relay },
  ...{ clog, isolate, split, ring, swizzle, halfOpen, latency, loss },
  ...{ damage, ioError, diskFull, refusedOperations, slowDisk },
  ...{ jump, drift },
  ...{ connectionLoss, expireSession, stopServer, pauseServer, loseQuorum, staleServer },
  pauseClient,
} satisfies Record<string, Fault>;

export type FaultName = keyof typeof FAULTS;

export const FAULT_NAMES = Object.keys(FAULTS) as readonly FaultName[];
