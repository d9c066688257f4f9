import type { Logger } from "@zoolog/base";
import type { ClientConnection, LoggedTransaction } from "@zoolog/zookeeper";
import type { SimulatedStreams } from "./simulated-streams.ts";
import type { WriteFaults } from "./write-faults.ts";

export const CLIENT_PORT = 2181;
/** Where followers reach the leader for their clients. */
export const LEADER_PORT = 2888;

/** What servers of one ensemble share. */
export type EnsemblePorts = {
  readonly streams: SimulatedStreams;
  readonly faults: WriteFaults;
  readonly logger: Logger;
  readonly tickTimeMs: number;
  /** How many of the servers are more than half of them. */
  readonly quorum: number;
  readonly send: (from: string, to: string, message: ServerMessage) => void;
  readonly broadcast: (from: string, message: ServerMessage) => void;
  /** A leader has put it into its log, because somebody asked for it or by itself. */
  readonly decided: (logged: LoggedTransaction, sessionId: AskingSession) => void;
  /** The first time that a transaction is committed by anybody. */
  readonly committed: (write: Omit<AppliedWrite, "sessionId">) => void;
  /** A server has no leader. */
  readonly looking: () => void;
};

/** A transaction that a quorum has, in the order of all of them. */
export type AppliedWrite = {
  /** From 0, without gaps. */
  readonly index: number;
  readonly logged: LoggedTransaction;
  readonly sessionId: AskingSession;
};

/** Who asked for a write; `undefined`: nobody did, or somebody who has no session yet. */
export type AskingSession = NonNullable<ClientConnection["session"]>["id"] | undefined;

/** Between servers. Each says everything that the one before it said: any may be lost or late. */
export type ServerMessage =
  | {
      readonly kind: "leader";
      readonly epoch: number;
      readonly leader: string;
      /** The leader's own; entries are never changed, and `length` of them are meant. */
      readonly log: readonly LoggedTransaction[];
      readonly length: number;
      /** How many of them a quorum has; `undefined` while that is not known. */
      readonly committed: number | undefined;
      readonly zxid: number;
    }
  | {
      readonly kind: "ack";
      readonly epoch: number;
      readonly from: string;
      readonly length: number;
    };

/** Between a server and the leader, for one client. */
export type ForwardedItem =
  | { readonly kind: "client"; readonly address: string }
  | { readonly kind: "request"; readonly frame: Uint8Array }
  | {
      readonly kind: "reply";
      readonly frame: Uint8Array;
      /** The server answers when it has applied so many transactions, */
      readonly applied: number;
      /** and has then seen this one. */
      readonly zxid: number;
    };
