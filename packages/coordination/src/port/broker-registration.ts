import type { BrokerEpoch, BrokerId, Timestamp } from "@zoolog/base";

/** What a broker says about itself in `/brokers/ids/<id>`. */
export type BrokerRegistration = {
  readonly brokerId: BrokerId;
  /** UUID kept in the data folder: the same after a restart, new for a new folder. */
  readonly incarnation: string;
  readonly endpoints: readonly BrokerEndpoint[];
  readonly rack: string | undefined;
  /**
   * Which folder on this machine the data stands in, where the system tells: a copy of the folder
   * has the same incarnation and is another folder.
   */
  readonly folder: string | undefined;
  /** The kernel's boot id, where there is one: tells a process crash from a machine crash. */
  readonly bootId: string | undefined;
  /** Of this process's first registration; later ones of the same store count as `clean`. */
  readonly boot: BootKind;
  /** By kinds of boot that lose records: the first broker epoch of the folder after the last one. */
  readonly losses?: DataLosses | undefined;
  /** `"<topic>-<partition>"` of replicas that cannot be opened; `"*"` for too many to name. */
  readonly damaged?: readonly string[] | undefined;
  readonly timestamp: Timestamp;
  /** Where the data comes from. Not in the registration but beside it, as it must outlive it. */
  readonly origin?: DataOrigin | undefined;
};

/** Tells whether the data folder is in the state in which this broker left it (decision 018). */
export type DataOrigin = {
  /** The folder's present life, durable in it, and the one before if that may be the last known. */
  readonly lives: readonly [current: string, former?: string];
  /**
   * The broker ran on another folder last, or on a newer state of this one. It is registered once
   * this has made that durable, with the losses that it answers.
   */
  readonly onOutdated: () => Promise<DataLosses>;
};

/**
 * What this start means for the data of earlier lives.
 * - `"clean"`: all there: the broker was shut down cleanly, or only its process died.
 * - `"unclean"`: the machine went down; what was not fsynced may be gone.
 * - `"newFolder"`: the data folder was just made; all of it is gone, or there never was any.
 */
export type BootKind = "clean" | "unclean" | "newFolder";

export type DataLosses = {
  readonly newFolder?: BrokerEpoch | undefined;
  readonly unclean?: BrokerEpoch | undefined;
  /** Lives that the broker spent on other data folders. */
  readonly outdated?: readonly MissedLives[] | undefined;
  /**
   * By `"<topic>-<partition>"`: since which broker epoch nothing was acknowledged before it was on the
   * disk, so that an unclean boot has lost nothing of it.
   */
  readonly synced?: Readonly<Record<string, BrokerEpoch>> | undefined;
  /**
   * The logs of the folder that `synced` does not name, `"*"` for too many to name. Of one that neither
   * names there was nothing to lose. `undefined`: not told.
   */
  readonly unsynced?: ReadonlySet<string> | undefined;
};

/** The broker epochs later than `after` (all, without it) and earlier than `before` (or this one). */
export type MissedLives = {
  readonly after?: BrokerEpoch | undefined;
  readonly before?: BrokerEpoch | undefined;
};

export type BrokerEndpoint = {
  /** Name of the listener: `HTTP`, `PLAINTEXT`, … */
  readonly listener: string;
  readonly host: string;
  readonly port: number;
  readonly securityProtocol: "PLAINTEXT" | "SSL" | "SASL_PLAINTEXT" | "SASL_SSL";
};

export type RegisteredBroker = Omit<BrokerRegistration, "origin"> & {
  /** The czxid of the registration: one number per life of a broker. */
  readonly brokerEpoch: BrokerEpoch;
};
