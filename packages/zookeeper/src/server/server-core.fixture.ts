import {
  wireRequests as ask,
  ManualTime,
  readWireStat,
  SimulatedZooKeeper,
  seededRandom,
  type WireReply,
} from "@zoolog/testkit";
import { WIRE_ERROR_CODES } from "../errors.ts";

export function start(options: { tickTimeMs?: number } = {}) {
  const time = new ManualTime();
  const server = new SimulatedZooKeeper(options, { time, random: seededRandom(1) });
  return { time, server };
}

export const codeOf = (reply: WireReply) =>
  Object.entries(WIRE_ERROR_CODES).find(([, code]) => code === reply.error)?.[0] ?? "OK";

export function statOf(server: SimulatedZooKeeper, path: string) {
  return readWireStat(server.connect().call(ask.exists(path)).body);
}
