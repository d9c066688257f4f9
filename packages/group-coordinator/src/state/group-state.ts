import type { ClassicGroup } from "./classic-group.ts";
import type { ConsumerGroup } from "./consumer-group.ts";

/** Immutable; only `apply` and `load` make one. It does not know its id: the runtime does. */
export type GroupState = ClassicGroup | ConsumerGroup;
