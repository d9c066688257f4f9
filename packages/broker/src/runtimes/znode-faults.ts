import type { Logger } from "@zoolog/base";

/** Who looks at znodes and says which it does not understand. Each speaks for itself alone. */
export type ZnodeReader =
  /** What keeps everybody from being elected. */
  | "election"
  | "brokers"
  | "adminRequests"
  | "topicConfigs"
  | "brokerConfigs"
  | "deletedTopics"
  /** Topics that the controller could not take in when its term began. */
  | "unreadableTopics"
  /** Topics that are served as they were known, as their znodes cannot be read again. */
  | "brokenTopics"
  | "partitionStates"
  /** Groups whose slots are coordinated here. */
  | "groups";

/** Those that look for a controller, as long as its term lasts. */
export const TERM_READERS = [
  "brokers",
  "adminRequests",
  "topicConfigs",
  "brokerConfigs",
  "deletedTopics",
  "unreadableTopics",
  "brokenTopics",
  "partitionStates",
] as const satisfies readonly ZnodeReader[];

export type NamedFault = { readonly message: string; readonly hint?: string | undefined };

/** Told one by one; beyond it only how many more there are. */
const REASONS_MAX = 20;

/**
 * What stands in ZooKeeper and cannot be understood, as this broker saw it last: for the log, once
 * each, and for whoever asks how the broker is.
 */
export class ZnodeFaults {
  readonly #logger: Logger;
  readonly #byReader = new Map<ZnodeReader, readonly NamedFault[]>();

  constructor(dependencies: { readonly logger: Logger }) {
    this.#logger = dependencies.logger;
  }

  /** All that `reader` found; it replaces what the same reader had found before. */
  report(reader: ZnodeReader, faults: readonly NamedFault[]): void {
    const before = new Set(this.#byReader.get(reader)?.map(({ message }) => message));
    const now = new Set(faults.map(({ message }) => message));
    for (const { message, hint } of faults) {
      if (!before.has(message)) this.#logger.error("znode not understood", { message, hint });
    }
    for (const message of before) {
      if (!now.has(message)) this.#logger.info("znode fault is over", { message });
    }
    if (faults.length === 0) this.#byReader.delete(reader);
    else this.#byReader.set(reader, faults);
  }

  /** Nobody looks any more: the next controller does. */
  forget(readers: readonly ZnodeReader[]): void {
    for (const reader of readers) this.#byReader.delete(reader);
  }

  /** One for each fault, for people, with what to do about it. */
  get reasons(): readonly string[] {
    const faults = [...this.#byReader.values()].flat();
    const told = faults.slice(0, REASONS_MAX).map(asSentence);
    const untold = faults.length - told.length;
    return untold === 0
      ? told
      : [...told, `${untold} more znodes are not understood; see the log.`];
  }
}

/** The hint is a sentence of its own already. */
function asSentence({ message, hint }: NamedFault): string {
  return hint === undefined ? `${message}.` : `${message}. ${hint}`;
}
