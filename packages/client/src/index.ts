export { ZoologError } from "@zoolog/base";
export type { Transport, TransportRequest, TransportResponse } from "@zoolog/calls";
export type { CompressionCodec } from "@zoolog/protocol";
export { murmur2, partitionOfKey } from "@zoolog/protocol";
export {
  Admin,
  type BrokerDescription,
  type ClusterDescription,
  type CreatedTopic,
  type ElectionResult,
  type NewTopic,
  type PartitionOffsets,
  type TopicDescription,
} from "./admin/admin.ts";
export type { AdminCallOptions } from "./admin/call-options.ts";
export type { ConfigChange, ConfigEntry, ConfigResource } from "./admin/config-admin.ts";
export type {
  GroupDescription,
  GroupLag,
  GroupListing,
  GroupMemberName,
  GroupOffset,
  PartitionLag,
} from "./admin/group-admin.ts";
export type {
  OffsetMove,
  OffsetReset,
  OffsetResetPlan,
  ResetTarget,
  WantedOffset,
} from "./admin/offset-reset.ts";
export { Client, type ClientDependencies, type ClientOptions } from "./client.ts";
export type { FoundOffset } from "./cluster/offset-lookup.ts";
export { Consumer, type ConsumerCallOptions } from "./consumer/consumer.ts";
export type {
  AssignorName,
  ConsumerOptions,
  ConsumerPartition,
  TopicPattern,
} from "./consumer/consumer-options.ts";
export type { CommittedPosition } from "./consumer/partitions/offset-commits.ts";
export type { ConsumerPosition, SeekTarget } from "./consumer/partitions/reading-positions.ts";
export { ConsumerBatch } from "./consumer/records/consumer-batch.ts";
export type { HandlerContext, RecordHandler, RunOptions } from "./consumer/run/run-options.ts";
export { type OffsetPoint, type OffsetRange, parseOffsets } from "./offsets.ts";
export type { PartitionedTopic, Partitioner } from "./partitioner.ts";
export type { Delivery, KafkaAcks, NamedAcks, RequiredAcks } from "./producer/delivery.ts";
export { Producer, type RecordSource, type SendOptions } from "./producer/producer.ts";
export type { ProducerOptions } from "./producer/producer-options.ts";
export type { HeadersInput, HeaderValue, ProducerRecord } from "./producer/record.ts";
export type { SendManyResult } from "./producer/send-run.ts";
export type { ReadFrom, ReadOptions } from "./reader/read-options.ts";
export { Reader, type ReaderProgress } from "./reader/reader.ts";
export { ReaderBatch } from "./reader/reader-batch.ts";
export { type ReaderHeader, ReaderRecord } from "./reader/reader-record.ts";
export { type Serde, serde } from "./serde.ts";
export { type Topic, topic } from "./topic.ts";
