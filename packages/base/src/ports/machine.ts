/** The machine under us, as far as the owner of a data folder must know it. */
export interface Machine {
  readonly pid: number;
  /** What this process uses now. */
  usage(): ProcessUsage;
  /** New at every start of the machine; `undefined` where the system does not tell. */
  bootId(): Promise<string | undefined>;
  /**
   * Tells the folder at `path` from all others of this machine, also from its copies; `undefined`
   * where the system does not tell.
   */
  folderIdentity(path: string): Promise<string | undefined>;
  /**
   * Tells the process that has `pid` now from all others that had it or will; `undefined` when there
   * is none. Where the system does not tell, equal for all processes.
   */
  processIdentity(pid: number): Promise<string | undefined>;
}

export type ProcessUsage = {
  readonly residentBytes: number;
  /** Of the JavaScript heap. */
  readonly heapBytes: number;
  /**
   * 99 of 100 turns of the event loop began no later than this after they were due, since the last
   * call; `undefined` at the first one.
   */
  readonly eventLoopDelayMs: number | undefined;
};
