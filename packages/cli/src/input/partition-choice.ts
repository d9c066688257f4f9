import { usageError } from "../usage-error.ts";

/** A topic, all of it or some partitions. */
export type PartitionChoice = {
  readonly topic: string;
  readonly partitions: readonly number[] | undefined;
};

/** `orders`, or `orders:0,2`, as Kafka's tools write it. @throws ZoologError `USAGE` */
export function partitionChoice(text: string): PartitionChoice {
  const at = text.indexOf(":");
  if (at === 0 || text === "") throw wrong(text);
  if (at < 0) return { topic: text, partitions: undefined };
  const numbers = text.slice(at + 1).split(",");
  if (!numbers.every((number) => /^\d{1,9}$/.test(number))) throw wrong(text);
  const partitions = [...new Set(numbers.map(Number))].sort((a, b) => a - b);
  return { topic: text.slice(0, at), partitions };
}

function wrong(text: string): Error {
  return usageError(
    `--topic takes a topic, or a topic and its partitions, not "${text}"`,
    "For instance --topic orders, or --topic orders:0,2.",
  );
}
