import { CONTROL } from "./p01-control.ts";
import { KILL } from "./p02-kill.ts";
import { FREEZE } from "./p03-freeze.ts";
import { PAUSE_AND_KILL } from "./p04-pause-and-kill.ts";
import { POWER_CUT_OF_ONE } from "./p05-power-cut-of-one.ts";
import { POWER_CUT_OF_ALL } from "./p06-power-cut-of-all.ts";
import { FLIPPED_BIT } from "./p07-flipped-bit.ts";
import { LATE_PAIR } from "./p08-late-pair.ts";
import { NETWORK } from "./p09-network.ts";
import { SLOW_NETWORK } from "./p10-slow-network.ts";
import { HALF_OPEN } from "./p11-half-open.ts";
import { ZOOKEEPER } from "./p12-zookeeper.ts";
import { FULL_DISK } from "./p13-full-disk.ts";
import { BROKEN_DISK } from "./p14-broken-disk.ts";
import { ROLLING_RESTART } from "./p15-rolling-restart.ts";
import { CLIENTS } from "./p16-clients.ts";
import { RESOURCES } from "./p17-resources.ts";
import { UNCLEAN_ELECTION } from "./p18-unclean-election.ts";
import type { Row } from "./row.ts";

/** Every row that can be asked for, in the order of the programme. */
export const ROWS: readonly Row[] = [
  CONTROL,
  KILL,
  FREEZE,
  PAUSE_AND_KILL,
  POWER_CUT_OF_ONE,
  POWER_CUT_OF_ALL,
  FLIPPED_BIT,
  LATE_PAIR,
  NETWORK,
  SLOW_NETWORK,
  HALF_OPEN,
  ZOOKEEPER,
  FULL_DISK,
  BROKEN_DISK,
  ROLLING_RESTART,
  CLIENTS,
  RESOURCES,
  UNCLEAN_ELECTION,
];
