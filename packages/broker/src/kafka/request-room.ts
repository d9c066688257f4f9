import { FRAME_LENGTH_BYTES } from "@zoolog/protocol/kafka";
import type { ByteBudget, BytesArrived } from "../planes/byte-budget.ts";
import type { CallBudgets } from "../planes/call-registry.ts";
import type { KafkaLimits } from "./kafka-limits.ts";

/** Of all the room: what large requests leave free at most. */
const PART_LEFT_TO_SMALL_REQUESTS = 1 / 8;

type RoomLimits = Pick<KafkaLimits, "requestBytesMax" | "smallRequestBytesMax">;

/**
 * What requests of all connections share. A large one is admitted with all that it announces before
 * more than its beginning is read, and counts until it is answered. So whatever was admitted can come
 * to its end, half-read requests never wait for each other, and however many there are, answers keep
 * a quarter of the room.
 */
export class RequestRoom {
  readonly smallRequestBytesMax: number;
  /** Of all clients: bytes that have come, and answers. */
  readonly all: ByteBudget;
  /** Of large requests, as they announce themselves; for one there is always room. */
  readonly large: ByteBudget;
  readonly #leftByLarge: number;

  constructor(
    { requestBytesMax, smallRequestBytesMax }: RoomLimits,
    { clients: all, largeRequests }: Pick<CallBudgets, "clients" | "largeRequests">,
  ) {
    this.smallRequestBytesMax = smallRequestBytesMax;
    this.all = all;
    this.large = largeRequests;
    const beside = Math.max(0, all.bytesMax - FRAME_LENGTH_BYTES - requestBytesMax);
    this.#leftByLarge = Math.min(beside, all.bytesMax * PART_LEFT_TO_SMALL_REQUESTS);
  }

  /** Somebody waits. */
  get isShort(): boolean {
    return this.all.isShort || this.large.isShort;
  }

  /** @param heldBytes what its connection holds already. */
  arrived(bytes: number, heldBytes: number): BytesArrived {
    const isSmall = heldBytes + bytes <= this.smallRequestBytesMax;
    return { bytes, bytesLeft: isSmall ? 0 : this.#leftByLarge };
  }
}
