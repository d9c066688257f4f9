import { randomBytes, randomUUID } from "node:crypto";
import type { Random } from "@zoolog/base";

/** The machine's randomness. */
export const systemRandom: Random = {
  next: () => Math.random(),
  bytes: (length) => randomBytes(length),
  uuid: () => randomUUID(),
};
