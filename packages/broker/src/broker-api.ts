import type { AbortSignalLike, BrokerId, TopicId } from "@zoolog/base";
import type {
  AdminCall,
  CreateTopicsRequest,
  CreateTopicsResponse,
  DeleteTopicsRequest,
  DeleteTopicsResponse,
  DescribeClusterResponse,
  DescribeTopicsRequest,
  DescribeTopicsResponse,
  FetchRequest,
  FetchResponse,
  GroupCall,
  InitProducerIdRequest,
  InitProducerIdResponse,
  JoinGroupRequest,
  JoinGroupResponse,
  ListOffsetsRequest,
  ListOffsetsResponse,
  MetadataRequest,
  MetadataResponse,
  NativeCall,
  NativeRequest,
  NativeResponse,
  OffsetForLeaderEpochRequest,
  OffsetForLeaderEpochResponse,
  ProduceRequest,
  ProduceResponse,
} from "@zoolog/protocol";
import type { ReadMemory } from "@zoolog/replication";
import type { Principal } from "./principal.ts";

/** Who calls, and until when the answer is wanted. */
export type CallContext = {
  /** Aborts when the caller has hung up or the plane closes: stop waiting, answer what there is. */
  readonly signal: AbortSignalLike;
  /** As the client names itself; for logs and quotas, never for trust. */
  readonly clientId: string;
  readonly remoteAddress: string;
  /** A broker, when it has shown the brokers' credential: it passes on what a client asked of it. */
  readonly principal: Principal;
  /** What works on the memory of the request or its answer also behind the answer. */
  holdWhile<T>(task: Promise<T>): Promise<T>;
};

/** One handler per call, under the call's own name. */
export type CallHandlers<Call extends NativeCall> = {
  readonly [Name in Call]: (
    request: NativeRequest<Name>,
    context: CallContext,
  ) => Promise<NativeResponse<Name>>;
};

export type BrokerAtListener = {
  readonly brokerId: BrokerId;
  readonly host: string;
  readonly port: number;
  readonly rack: string | undefined;
};

/** A member that joins, and what clients of the past cannot; everybody else can. */
export type JoiningMember = JoinGroupRequest & {
  /** Comes back with the id that `MEMBER_ID_REQUIRED` brings (KIP-394); otherwise it is let in at once. */
  readonly joinsTwice?: boolean;
  /** Leads without assigning when it is told to (KIP-814). */
  readonly skipsAssignment?: boolean;
};

export type GroupHandlers = Omit<CallHandlers<GroupCall>, "join-group"> & {
  readonly "join-group": (
    request: JoiningMember,
    context: CallContext,
  ) => Promise<JoinGroupResponse>;
};

/**
 * What the broker does, seen from its planes: they decode, call one of these, and encode. Requests
 * are checked (shapes, ranges, topic names); everything that needs state is decided here.
 *
 * What goes wrong with one topic or partition is a value in the response. A method rejects with a
 * `ZoologError` when the whole call failed, with a code that `http/answers/error-mapping.ts` knows.
 */
export interface BrokerApi {
  /**
   * Answers when the required acknowledgements are there or `timeoutMs` is over; with `"none"` as
   * soon as the batches are checked and queued. The records are views of a buffer that belongs to
   * this request alone: they may be patched. Its memory is used again once this has answered; where
   * nothing is acknowledged it is in use until what `holdWhile` was given has settled. What is not
   * appended when the caller hangs up is dropped.
   */
  produce(request: ProduceRequest, context: CallContext): Promise<ProduceResponse>;
  /**
   * Parks up to `maxWaitMs` for `minBytes`; an aborted signal answers with what is there. What is read
   * is reserved in `memory` first, and stays so: it is the caller's to release.
   */
  fetch(request: FetchRequest, context: CallContext, memory?: ReadMemory): Promise<FetchResult>;
  listOffsets(request: ListOffsetsRequest, context: CallContext): Promise<ListOffsetsResponse>;
  offsetForLeaderEpoch(
    request: OffsetForLeaderEpochRequest,
    context: CallContext,
  ): Promise<OffsetForLeaderEpochResponse>;
  metadata(request: MetadataRequest, context: CallContext): Promise<MetadataResponse>;
  initProducerId(
    request: InitProducerIdRequest,
    context: CallContext,
  ): Promise<InitProducerIdResponse>;
  createTopics(request: CreateTopicsRequest, context: CallContext): Promise<CreateTopicsResponse>;
  deleteTopics(request: DeleteTopicsRequest, context: CallContext): Promise<DeleteTopicsResponse>;
  describeTopics(
    request: DescribeTopicsRequest,
    context: CallContext,
  ): Promise<DescribeTopicsResponse>;
  describeCluster(context: CallContext): Promise<DescribeClusterResponse>;
  /** The brokers that are there and have this listener, with the address that its clients are told. */
  brokersAt(listener: string): readonly BrokerAtListener[];
  /** Waits until there is a picture of the cluster here; `false`: there was none in that time. */
  clusterKnown(timeoutMs: number): Promise<boolean>;
  /** Of the topic that has this id here and now; `undefined` while there is none. */
  topicNameOf(topicId: TopicId): string | undefined;
  /** Consumer groups; `join-group` and `sync-group` park until the other members are there. */
  readonly groups: GroupHandlers;
  /** Everyday operations on topics, settings and brokers that run. */
  readonly admin: CallHandlers<AdminCall>;
  /** Cheap, without I/O: asked every few seconds by whatever supervises the broker. */
  health(): BrokerHealth;
}

/**
 * `live`: restarting would not help. `ready`: registered, and able to serve clients. The reasons
 * say what is missing, one sentence each.
 */
export type BrokerHealth = {
  readonly live: boolean;
  readonly ready: boolean;
  readonly reasons: readonly string[];
};

type FetchResponseTopic = FetchResponse["topics"][number];
type FetchResponsePartition = FetchResponseTopic["partitions"][number];
type FetchedPartition = Exclude<FetchResponsePartition, { readonly error: unknown }>;

/** A `FetchResponse` whose records are still in the buffers that they were read into. */
export type FetchResult = {
  readonly topics: readonly {
    readonly topic: string;
    readonly partitions: readonly FetchResultPartition[];
  }[];
};

export type FetchResultPartition =
  | (Omit<FetchedPartition, "records"> & { readonly records: readonly Buffer[] })
  | Exclude<FetchResponsePartition, FetchedPartition>;
