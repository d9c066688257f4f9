export { readInt64 } from "./big-endian.ts";
export { COMPRESSION_CODECS, type CompressionCodec } from "./compression/codecs.ts";
export { compress, decompress, loadCompression } from "./compression/compression.ts";
export {
  type ConsumerAssignment,
  decodeConsumerAssignment,
  encodeConsumerAssignment,
} from "./consumer-protocol/consumer-assignment.ts";
export {
  type ConsumerSubscription,
  decodeConsumerSubscription,
  encodeConsumerSubscription,
} from "./consumer-protocol/consumer-subscription.ts";
export type { DecodedPayload } from "./consumer-protocol/decoded-payload.ts";
export {
  decodeCooperativeStickyUserData,
  decodeStickyUserData,
  encodeCooperativeStickyUserData,
  encodeStickyUserData,
} from "./consumer-protocol/sticky-user-data.ts";
export type { TopicPartitions } from "./consumer-protocol/topic-partitions.ts";
export { crc32c, loadNativeCrc32c } from "./crc32c.ts";
export {
  ERROR_CODES,
  type ErrorCode,
  type ErrorCodeEntry,
  errorCodeOfNumber,
} from "./error-codes.ts";
export type { ApiName } from "./kafka/api-keys.ts";
export type { AnyKafkaMessage, RequestHeader, RequestOf, ResponseOf } from "./kafka/frame.ts";
export type { KafkaApi, KafkaRequest, KafkaResponse } from "./kafka/kafka-messages.ts";
export type { RecordPieces } from "./kafka/schema/message-schema.ts";
export type { WireReader } from "./kafka/schema/wire-reader.ts";
export { LargeBuffers } from "./large-buffers.ts";
export { ADMIN_CALLS, type AdminCall } from "./native/admin-calls.ts";
export {
  NATIVE_CALLS,
  type NativeCall,
  type NativeRequest,
  type NativeResponse,
} from "./native/calls.ts";
export type {
  DescribeBrokerRequest,
  DescribeBrokerResponse,
} from "./native/cluster/describe-broker.ts";
export type { DescribeClusterResponse } from "./native/cluster/describe-cluster.ts";
export type { ElectLeadersRequest, ElectLeadersResponse } from "./native/cluster/elect-leaders.ts";
export type {
  BrokerEntry,
  MetadataRequest,
  MetadataResponse,
  PartitionEntry,
} from "./native/cluster/metadata.ts";
export type { AlterConfigsRequest, AlterConfigsResponse } from "./native/configs/alter-configs.ts";
export type { ConfigSource, ConfigType } from "./native/configs/config-fields.ts";
export type {
  DescribeConfigsRequest,
  DescribeConfigsResponse,
} from "./native/configs/describe-configs.ts";
export {
  FETCH_BYTES_MAX,
  type FetchRequest,
  type FetchResponse,
  MAX_WAIT_MS_MAX,
} from "./native/data/fetch.ts";
export type {
  InitProducerIdRequest,
  InitProducerIdResponse,
} from "./native/data/init-producer-id.ts";
export type {
  ListOffsetsRequest,
  ListOffsetsResponse,
  OffsetSpec,
} from "./native/data/list-offsets.ts";
export type {
  OffsetForLeaderEpochRequest,
  OffsetForLeaderEpochResponse,
} from "./native/data/offset-for-leader-epoch.ts";
export {
  type ProduceRequest,
  type ProduceResponse,
  type RequiredAcks,
  TIMEOUT_MS_MAX,
} from "./native/data/produce.ts";
export { type ErrorBody, errorBody, type ItemError } from "./native/errors.ts";
export type {
  CommitOffsetsRequest,
  CommitOffsetsResponse,
} from "./native/groups/commit-offsets.ts";
export type {
  CommittedOffsetsRequest,
  CommittedOffsetsResponse,
} from "./native/groups/committed-offsets.ts";
export type {
  ConsumerGroupHeartbeatRequest,
  ConsumerGroupHeartbeatResponse,
} from "./native/groups/consumer-group-heartbeat.ts";
export type { DeleteGroupsRequest, DeleteGroupsResponse } from "./native/groups/delete-groups.ts";
export type {
  DeleteOffsetsRequest,
  DeleteOffsetsResponse,
} from "./native/groups/delete-offsets.ts";
export {
  type DescribeGroupsRequest,
  type DescribeGroupsResponse,
  groupDescription,
} from "./native/groups/describe-groups.ts";
export type {
  FindCoordinatorRequest,
  FindCoordinatorResponse,
} from "./native/groups/find-coordinator.ts";
export { GROUP_CALLS, type GroupCall } from "./native/groups/group-calls.ts";
export type { GroupStateName, GroupTypeName } from "./native/groups/group-fields.ts";
export {
  type GroupLagRequest,
  type GroupLagResponse,
  lagOfGroup,
} from "./native/groups/group-lag.ts";
export type { HeartbeatRequest, HeartbeatResponse } from "./native/groups/heartbeat.ts";
export type { JoinGroupRequest, JoinGroupResponse } from "./native/groups/join-group.ts";
export type { LeaveGroupRequest, LeaveGroupResponse } from "./native/groups/leave-group.ts";
export type { ListGroupsRequest, ListGroupsResponse } from "./native/groups/list-groups.ts";
export type { SyncGroupRequest, SyncGroupResponse } from "./native/groups/sync-group.ts";
export {
  type Checked,
  checkMessage,
  checkResponse,
  type MessageFault,
} from "./native/message/check-message.ts";
export { decodeJsonMessage, encodeJsonMessage } from "./native/message/json-form.ts";
export {
  decodeMessage,
  encodeMessage,
  encodeMessageChunks,
} from "./native/message/message-codec.ts";
export { PEER_MESSAGE_ELEMENTS_MAX } from "./native/message/message-scan.ts";
export { ChunkedBytes } from "./native/message/message-writer.ts";
export { murmur2, partitionOfKey } from "./native/murmur2.ts";
export type {
  AlterPartitionRequest,
  AlterPartitionResponse,
} from "./native/peer/alter-partition.ts";
export type {
  ClusterImageDelta,
  ClusterImageRequest,
  ClusterImageResponse,
} from "./native/peer/cluster-image.ts";
export type {
  ControlledShutdownRequest,
  ControlledShutdownResponse,
} from "./native/peer/controlled-shutdown.ts";
export {
  BROKER_CREDENTIAL_HEADER,
  PEER_CALLS,
  type PeerCall,
  type PeerRequest,
} from "./native/peer/peer-calls.ts";
export type {
  ReplicasDeletedRequest,
  ReplicasDeletedResponse,
} from "./native/peer/replicas-deleted.ts";
export type {
  ReplicasOfflineRequest,
  ReplicasOfflineResponse,
} from "./native/peer/replicas-offline.ts";
export type { ReplicateRequest, ReplicateResponse } from "./native/peer/replicate.ts";
export {
  type PostRecordsRequest,
  type PostRecordsResponse,
  postRecordsRequest,
  postRecordsResponse,
  recordLine,
} from "./native/records/post-records.ts";
export {
  type ReadRecord,
  type ReadRecordsQuery,
  type ReadRecordsResponse,
  readRecordsQuery,
  readRecordsResponse,
} from "./native/records/read-records.ts";
export type { RecordField } from "./native/records/record-field.ts";
export { fieldBytes, recordInput, type WrittenRecord } from "./native/records/record-input.ts";
export type { JsonSchema, Schema, Static } from "./native/schema.ts";
export type {
  CreatePartitionsRequest,
  CreatePartitionsResponse,
} from "./native/topics/create-partitions.ts";
export type { CreateTopicsRequest, CreateTopicsResponse } from "./native/topics/create-topics.ts";
export type {
  DeleteRecordsRequest,
  DeleteRecordsResponse,
} from "./native/topics/delete-records.ts";
export type { DeleteTopicsRequest, DeleteTopicsResponse } from "./native/topics/delete-topics.ts";
export type {
  DescribeOffsetsRequest,
  DescribeOffsetsResponse,
} from "./native/topics/describe-offsets.ts";
export type {
  DescribeProducersRequest,
  DescribeProducersResponse,
} from "./native/topics/describe-producers.ts";
export type {
  DescribeTopicsRequest,
  DescribeTopicsResponse,
} from "./native/topics/describe-topics.ts";
export {
  type PutTopicRequest,
  postTopicRequest,
  putTopicRequest,
  topicListResponse,
} from "./native/topics/topic-pages.ts";
export { BatchCursor } from "./record-batch/batch-cursor.ts";
export { describeBatchFault } from "./record-batch/batch-header.ts";
export {
  BATCH_BYTES_MAX,
  RECORD_BATCH_OVERHEAD,
  SEQUENCE_MAX,
} from "./record-batch/batch-layout.ts";
export {
  type ControlRecord,
  type EndTransactionMarker,
  encodeControlBatch,
  readControlRecord,
} from "./record-batch/control-batch.ts";
export type { DecodedRecord } from "./record-batch/decoded-records.ts";
export { encodeRecordBatch } from "./record-batch/encode-record-batch.ts";
export {
  claimsCodec,
  claimsCompression,
  claimsTransaction,
  type InflationBudget,
  type ProducedBatchRules,
  type RecordError,
  validateProducedBatch,
} from "./record-batch/produced-batch.ts";
export { RecordBatch } from "./record-batch/record-batch.ts";
export {
  RecordBatchBuilder,
  type RecordData,
  type RecordHeaderInput,
  type RecordInput,
} from "./record-batch/record-batch-builder.ts";

export { splitBatches } from "./record-batch/split-batches.ts";
