import type { CodeMutation } from "../mutated-build.ts";
import type { GroupFaultName } from "./group-faults.ts";

/** A deliberate mistake, with the faults under which it does harm. Each has to be found. */
export type GroupMutation = {
  readonly name: string;
  readonly code: readonly CodeMutation[];
  readonly faults: readonly GroupFaultName[];
};

export const GROUP_MUTATIONS: readonly GroupMutation[] = [
  {
    name: "commit-before-processing",
    faults: ["memberKill"],
    code: [
      {
        file: "client/dist/consumer/partitions/held-partitions.js",
        find: "return [{ partition, position: positionOf(partition, handled) }];",
        replace:
          "return [{ partition, position: positionOf(partition, partition.source.position) }];",
      },
    ],
  },
  {
    // A member that does not hear that its session is over, at a coordinator that does not mind.
    name: "zombies-go-on",
    faults: ["memberFreeze"],
    code: [
      {
        file: "client/dist/consumer/membership/consumer-membership.js",
        find: "    #lost(error) {",
        replace: "    #lost(error) {\n        if (error) return;",
      },
      {
        file: "client/dist/consumer/membership/session-lease.js",
        find: "        return this.#until;",
        replace: "        return Number.POSITIVE_INFINITY;",
      },
      {
        file: "group-coordinator/dist/commit-offsets.js",
        find: "const refusal = commitRefusal(group, event);",
        replace: "const refusal = undefined;",
      },
    ],
  },
  {
    // Acknowledged at once, in ZooKeeper seconds later: who reads it there meanwhile misses it, and
    // a coordinator that dies takes it along.
    name: "commits-acknowledged-from-memory",
    faults: ["memberLeave", "coordinatorKill"],
    code: [
      {
        file: "broker/dist/runtimes/groups/hosted-group.js",
        find: "writer.write(changes)",
        replace:
          "(isState ? Promise.resolve() : new Promise((resolve) => setTimeout(resolve, 5_000))).then(() => writer.write(changes))",
      },
      {
        file: "broker/dist/runtimes/groups/hosted-group.js",
        find: "        return all;\n",
        replace: "        return isState ? all : undefined;\n",
      },
    ],
  },
  {
    name: "partitions-given-before-they-are-given-up",
    faults: ["memberJoin", "memberLeave"],
    code: [
      {
        file: "group-coordinator/dist/consumer/reconciliation.js",
        find: "owners[partition] === undefined",
        replace: "true",
      },
    ],
  },
];
