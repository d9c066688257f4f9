export { apply, applyAll } from "./apply.ts";
export { hasNews } from "./consumer/reconciliation.ts";
export { COORDINATOR_SLOTS, coordinatorSlot, groupIdFault } from "./coordinator-slot.ts";
export { decide } from "./decide.ts";
export type { GroupDecision } from "./decision.ts";
export {
  type AssignorName,
  DEFAULT_GROUP_SETTINGS,
  type GroupContext,
  type GroupSettings,
  type TopicsView,
  type TopicView,
} from "./group-context.ts";
export type {
  CommitOffsetsEvent,
  CommittedTopic,
  ConsumerGroupHeartbeatEvent,
  DeleteOffsetsEvent,
  GroupEvent,
  GroupProtocol,
  HeartbeatEvent,
  JoinGroupEvent,
  LeaveGroupEvent,
  LeavingMember,
  MemberAssignment,
  RequestId,
  SyncGroupEvent,
  TopicPartitions,
} from "./group-event.ts";
export type {
  AssignedTopic,
  CommitOffsetsResponse,
  ConsumerGroupHeartbeatResponse,
  DeleteOffsetsResponse,
  GroupErrorCode,
  GroupRefusal,
  GroupReply,
  GroupResponse,
  JoinedMember,
  JoinGroupResponse,
  LeaveGroupResponse,
  PartitionResult,
  RefusedResponse,
  SyncGroupResponse,
} from "./group-reply.ts";
export type { GroupTimer, GroupTimerKey } from "./group-timer.ts";
export { load } from "./load.ts";
export type {
  ClassicGroup,
  ClassicMember,
  ClassicProgress,
  ClassicState,
} from "./state/classic-group.ts";
export type { ConsumerGroup, ConsumerState } from "./state/consumer-group.ts";
export {
  type DurableGroupRecord,
  type GroupRecord,
  isDurable,
  type OffsetRecord,
  type VolatileGroupRecord,
} from "./state/group-record.ts";
export type { GroupState } from "./state/group-state.ts";
export { groupStateName } from "./state/group-state-name.ts";
export type {
  ClassicGroupValue,
  ClassicMemberValue,
  ConsumerGroupValue,
  ConsumerMemberValue,
  GroupValue,
  MemberValue,
  OffsetValue,
  PartitionMap,
  StoredGroup,
  Subscription,
} from "./state/stored-group.ts";
