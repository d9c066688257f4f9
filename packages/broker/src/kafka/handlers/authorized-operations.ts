/** Kafka's numbers of what may be allowed (`AclOperation`). */
const [READ, WRITE, CREATE, DELETE, ALTER, DESCRIBE] = [3, 4, 5, 6, 7, 8];
const [CLUSTER_ACTION, DESCRIBE_CONFIGS, ALTER_CONFIGS, IDEMPOTENT_WRITE] = [9, 10, 11, 12];

function operations(...numbers: readonly number[]): number {
  return numbers.reduce((bits, number) => bits | (1 << number), 0);
}

/** Everything is allowed to everybody: one bit for each operation that there is on a topic (KIP-430). */
export const TOPIC_OPERATIONS = operations(
  ...[READ, WRITE, CREATE, DELETE, ALTER, DESCRIBE, DESCRIBE_CONFIGS, ALTER_CONFIGS],
);

/** The same of the cluster. */
export const CLUSTER_OPERATIONS = operations(
  ...[CREATE, ALTER, DESCRIBE, CLUSTER_ACTION],
  ...[DESCRIBE_CONFIGS, ALTER_CONFIGS, IDEMPOTENT_WRITE],
);

/** The same of a group. */
export const GROUP_OPERATIONS = operations(READ, DELETE, DESCRIBE);
