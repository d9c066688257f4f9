import type { BrokerEpoch, BrokerId, Timestamp } from "@zoolog/base";

/** What a broker says about itself in `/brokers/ids/<id>`. */
export type BrokerRegistration = {
  readonly brokerId: BrokerId;
  /** UUID kept in the data folder: the same after a restart, new for a new folder. */
  readonly incarnation: string;
  readonly endpoints: readonly BrokerEndpoint[];
  readonly rack: string | undefined;
  /** The kernel's boot id, where there is one: tells a process crash from a machine crash. */
  readonly bootId: string | undefined;
  /**
   * True when data acknowledged by an earlier life may be gone: the machine went down without a
   * clean shutdown of the broker, or the data folder is new.
   */
  readonly uncleanBoot: boolean;
  readonly timestamp: Timestamp;
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
