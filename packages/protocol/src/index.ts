export { COMPRESSION_CODECS, type CompressionCodec } from "./compression/codecs.ts";
export { compress, decompress, loadCompression } from "./compression/compression.ts";
export { crc32c, loadNativeCrc32c } from "./crc32c.ts";
export {
  ERROR_CODES,
  type ErrorCode,
  type ErrorCodeEntry,
  errorCodeOfNumber,
} from "./error-codes.ts";
export {
  NATIVE_CALLS,
  type NativeCall,
  type NativeRequest,
  type NativeResponse,
} from "./native/calls.ts";
export {
  type Checked,
  checkMessage,
  checkResponse,
  type MessageFault,
} from "./native/check-message.ts";
export type { CreateTopicsRequest, CreateTopicsResponse } from "./native/create-topics.ts";
export type { DeleteTopicsRequest, DeleteTopicsResponse } from "./native/delete-topics.ts";
export type { DescribeClusterResponse } from "./native/describe-cluster.ts";
export type { DescribeTopicsRequest, DescribeTopicsResponse } from "./native/describe-topics.ts";
export { type ErrorBody, errorBody, type ItemError } from "./native/errors.ts";
export {
  FETCH_BYTES_MAX,
  type FetchRequest,
  type FetchResponse,
  MAX_WAIT_MS_MAX,
} from "./native/fetch.ts";
export type { InitProducerIdRequest, InitProducerIdResponse } from "./native/init-producer-id.ts";
export { decodeJsonMessage, encodeJsonMessage } from "./native/json-form.ts";
export type {
  ListOffsetsRequest,
  ListOffsetsResponse,
  OffsetSpec,
} from "./native/list-offsets.ts";
export { decodeMessage, encodeMessage, encodeMessageChunks } from "./native/message-codec.ts";
export { PEER_MESSAGE_ELEMENTS_MAX } from "./native/message-scan.ts";
export { ChunkedBytes } from "./native/message-writer.ts";
export type {
  BrokerEntry,
  MetadataRequest,
  MetadataResponse,
  PartitionEntry,
} from "./native/metadata.ts";
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
} from "./native/post-records.ts";
export {
  type ProduceRequest,
  type ProduceResponse,
  type RequiredAcks,
  TIMEOUT_MS_MAX,
} from "./native/produce.ts";
export {
  type ReadRecord,
  type ReadRecordsQuery,
  type ReadRecordsResponse,
  readRecordsQuery,
  readRecordsResponse,
} from "./native/read-records.ts";
export type { RecordField } from "./native/record-field.ts";
export { fieldBytes, recordInput, type WrittenRecord } from "./native/record-input.ts";
export type { JsonSchema, Schema, Static } from "./native/schema.ts";
export {
  type PutTopicRequest,
  postTopicRequest,
  putTopicRequest,
  topicListResponse,
} from "./native/topic-pages.ts";
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
  claimsCompression,
  type InflationBudget,
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
