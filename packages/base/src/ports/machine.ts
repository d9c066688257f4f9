/** The machine under us, as far as the owner of a data folder must know it. */
export interface Machine {
  readonly pid: number;
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
