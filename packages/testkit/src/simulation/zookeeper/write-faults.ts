import type { WriteRequest } from "@zoolog/zookeeper";

/** A write as it reaches a server. */
export type ArrivingWrite = {
  /** Name of the process that sent it. */
  readonly client: string;
  readonly request: WriteRequest;
  /** Of everything it would change or check. */
  readonly paths: readonly string[];
};

/** A lost connection, once, around the first write that matches. */
export type WriteFault = {
  /** `"beforeApply"`: nothing is applied. `"afterApply"`: it is, and its answer is lost. */
  readonly when: "beforeApply" | "afterApply";
  /** Default: any write of anybody. */
  readonly matches?: (write: ArrivingWrite) => boolean;
};

/** Of one that was asked for: whether it has not happened yet, and that it shall not. */
export type PendingWriteFault = {
  readonly isPending: () => boolean;
  readonly remove: () => void;
};

/** Connections that are to break around a write. */
export class WriteFaults {
  readonly #waiting: WriteFault[] = [];

  add(fault: WriteFault): PendingWriteFault {
    this.#waiting.push(fault);
    return {
      isPending: () => this.#waiting.includes(fault),
      remove: () => {
        const index = this.#waiting.indexOf(fault);
        if (index >= 0) this.#waiting.splice(index, 1);
      },
    };
  }

  /** Those that have not happened yet. */
  get pending(): number {
    return this.#waiting.length;
  }

  clear(): void {
    this.#waiting.length = 0;
  }

  take(client: string, request: WriteRequest): WriteFault["when"] | undefined {
    if (this.#waiting.length === 0) return undefined;
    const parts = request.op === "multi" ? request.requests : [request];
    const paths = parts.flatMap((part) => ("path" in part ? [part.path] : []));
    const write = { client, request, paths };
    const index = this.#waiting.findIndex(({ matches }) => matches?.(write) ?? true);
    return index < 0 ? undefined : this.#waiting.splice(index, 1)[0]?.when;
  }
}
