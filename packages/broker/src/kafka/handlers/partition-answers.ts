import { assert, topicNameFault } from "@zoolog/base";
import { ERROR_CODES, type ErrorCode } from "@zoolog/protocol";
import { kafkaErrorOfFailure } from "../kafka-error.ts";

/** What is asked or answered of the partitions of one topic. */
export type OfTopic<Entry> = { readonly topic: string; readonly partitions: readonly Entry[] };

export type Asked = {
  readonly partition: number;
  /** It is not asked for, and answered so. */
  readonly refusal?: ErrorCode | undefined;
};

export type Refused = {
  readonly partition: number;
  readonly error: { readonly code: string; readonly message: string };
};

/**
 * One answer for each partition of a request, in its order. What cannot exist is not asked for: the
 * broker behind takes names and numbers for legal. A failure of the whole call is answered at each
 * partition, as clients look there.
 *
 * @param ask gets `asked` itself when all of it is asked for.
 */
export async function answersOf<Entry extends Asked, Answer>(
  asked: readonly OfTopic<Entry>[],
  ask: (
    topics: readonly OfTopic<Entry>[],
  ) => Promise<{ readonly topics: readonly OfTopic<Answer>[] }>,
): Promise<readonly OfTopic<Answer | Refused>[]> {
  const refusals = asked.map(refusalsOf);
  try {
    if (refusals.every((ofTopic) => ofTopic === undefined)) return (await ask(asked)).topics;
    const { topics } = await ask(asked.map((topic, i) => without(topic, refusals[i])));
    return asked.map((topic, i) => merged(topic, refusals[i], topics[i]));
  } catch (error) {
    return refuseAll(asked, codeOfFailure(error));
  }
}

/** The same refusal for everything that was asked for. */
export function refuseAll(
  asked: readonly OfTopic<Asked>[],
  code: ErrorCode,
): readonly OfTopic<Refused>[] {
  return asked.map(({ topic, partitions }) => ({
    topic,
    partitions: partitions.map(({ partition }) => refused(partition, code)),
  }));
}

type Refusals = readonly (ErrorCode | undefined)[];

/** By the places of its partitions; `undefined` when all may be asked for, as nearly always. */
function refusalsOf({ topic, partitions }: OfTopic<Asked>): Refusals | undefined {
  const isIllegal = topicNameFault(topic) !== undefined;
  const refusalOf = ({ partition, refusal }: Asked): ErrorCode | undefined => {
    if (refusal !== undefined) return refusal;
    // Also so that no partition is taken for one of another topic: "a", −1 and "a-", 1.
    return isIllegal || partition < 0 ? "UNKNOWN_TOPIC_OR_PARTITION" : undefined;
  };
  if (partitions.every((asked) => refusalOf(asked) === undefined)) return undefined;
  return partitions.map(refusalOf);
}

function without<Entry extends Asked>(
  asked: OfTopic<Entry>,
  refusals: Refusals | undefined,
): OfTopic<Entry> {
  if (refusals === undefined) return asked;
  const partitions = asked.partitions.filter((_, i) => refusals[i] === undefined);
  return { ...asked, partitions };
}

function merged<Answer>(
  { topic, partitions }: OfTopic<Asked>,
  refusals: Refusals | undefined,
  answered: OfTopic<Answer> | undefined,
): OfTopic<Answer | Refused> {
  assert(answered !== undefined, "every topic asked for is answered");
  if (refusals === undefined) return answered;
  const answers = answered.partitions[Symbol.iterator]();
  return {
    topic,
    partitions: partitions.map(({ partition }, i) => {
      const refusal = refusals[i];
      if (refusal !== undefined) return refused(partition, refusal);
      const next = answers.next();
      assert(next.done !== true, "every partition asked for is answered");
      return next.value;
    }),
  };
}

function refused(partition: number, code: ErrorCode): Refused {
  return { partition, error: { code, message: ERROR_CODES[code].description } };
}

/**
 * A broker at its limit is told in the words that clients know from partitions: they look for the
 * leader again, and try again.
 */
function codeOfFailure(failure: unknown): ErrorCode {
  const code = kafkaErrorOfFailure(failure);
  return code === "THROTTLING_QUOTA_EXCEEDED" ? "REPLICA_NOT_AVAILABLE" : code;
}
