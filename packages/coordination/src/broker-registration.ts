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
};

export type BrokerEndpoint = {
  /** Name of the listener: `HTTP`, `PLAINTEXT`, … */
  readonly listener: string;
  readonly host: string;
  readonly port: number;
  readonly securityProtocol: "PLAINTEXT" | "SSL" | "SASL_PLAINTEXT" | "SASL_SSL";
};

export type RegisteredBroker = BrokerRegistration & {
  /** The czxid of the registration: one number per life of a broker. */
  readonly brokerEpoch: BrokerEpoch;
};
