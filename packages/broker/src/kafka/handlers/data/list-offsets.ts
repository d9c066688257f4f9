import { type LeaderEpoch, timestamp } from "@zoolog/base";
import type {
  ErrorCode,
  KafkaRequest,
  KafkaResponse,
  ListOffsetsResponse,
  OffsetSpec,
} from "@zoolog/protocol";
import { kafkaErrorIn } from "../../kafka-error.ts";
import type { KafkaHandler } from "../../request-dispatch.ts";
import type { HandlerParts } from "../handler-parts.ts";
import { answersOf, type Refused } from "../partition-answers.ts";
import { isolationOf } from "./isolation-level.ts";

type AskedPartition = KafkaRequest<"ListOffsets">["topics"][number]["partitions"][number];
type Answer = KafkaResponse<"ListOffsets">["topics"][number]["partitions"][number];
type Found = ListOffsetsResponse["topics"][number]["partitions"][number];

/** Places that are told by a negative time, and the version that each came with. */
const PLACES: ReadonlyMap<number, { readonly at: OffsetSpec; readonly from: number }> = new Map([
  [-1, { at: "latest", from: 1 }],
  [-2, { at: "earliest", from: 1 }],
  [-3, { at: "maxTimestamp", from: 7 }],
  // The start of what is on the broker itself: everything is.
  [-4, { at: "earliest", from: 8 }],
  // The end of what is in tiered storage: nothing is. Asked for all the same, for its leader's word.
  [-5, { at: "earliest", from: 9 }],
]);
const END_OF_TIERED = -5;

/** Leaders who do not know the end yet (KIP-207). */
const OFFSET_NOT_AVAILABLE = {
  code: "OFFSET_NOT_AVAILABLE",
  from: 5,
  before: "LEADER_NOT_AVAILABLE",
} as const;

/** The first record that is not older than a time, or one of the ends of the log. */
export function listOffsets({ api }: HandlerParts): KafkaHandler<"ListOffsets"> {
  return async (request, context) => {
    const { apiVersion } = context;
    const asked = request.topics.map(({ name, partitions }) => ({
      topic: name,
      partitions: partitions.map((wanted) => askedOf(wanted, apiVersion)),
    }));
    const isolation = isolationOf(request);
    const answers = await answersOf(asked, (topics) =>
      api.listOffsets({ isolation, topics }, context),
    );
    return {
      topics: answers.map(({ topic, partitions }, i) => ({
        name: topic,
        partitions: partitions.map((found, j) => {
          const wanted = request.topics[i]?.partitions[j];
          return answerOf(found, { apiVersion, isTiered: wanted?.timestamp === END_OF_TIERED });
        }),
      })),
    };
  };
}

function askedOf(
  { partitionIndex, currentLeaderEpoch, timestamp: time }: AskedPartition,
  apiVersion: number,
) {
  const place = PLACES.get(time);
  const isKnown = time >= 0 || (place !== undefined && apiVersion >= place.from);
  const refusal: ErrorCode | undefined = isKnown ? undefined : "UNSUPPORTED_VERSION";
  const at: OffsetSpec = time >= 0 ? { timestamp: timestamp(time) } : (place?.at ?? "latest");
  const asked = { partition: partitionIndex, at, refusal };
  if (currentLeaderEpoch === undefined) return asked;
  return { ...asked, currentLeaderEpoch: currentLeaderEpoch as LeaderEpoch };
}

function answerOf(
  found: Found | Refused,
  { apiVersion, isTiered }: { readonly apiVersion: number; readonly isTiered: boolean },
): Answer {
  const { partition: partitionIndex } = found;
  if ("error" in found) {
    const errorCode = kafkaErrorIn(apiVersion, found.error.code, OFFSET_NOT_AVAILABLE);
    return { partitionIndex, errorCode };
  }
  if (isTiered) return { partitionIndex };
  const { timestamp: time, offset, leaderEpoch } = found;
  return { partitionIndex, timestamp: time, offset, leaderEpoch };
}
