import {
  assert,
  type BrokerEpoch,
  type BrokerId,
  type CoordinatorEpoch,
  type TopicId,
  type TopicPartition,
} from "@zoolog/base";
import type {
  BrokerImage,
  ConfigOverrides,
  DeletedTopic,
  PartitionImage,
  SlotImage,
  TopicImage,
  UnreadableTopic,
} from "../image/cluster-image.ts";
import type { ControllerState } from "./controller-state.ts";

/**
 * A state in the making: maps are copied when they are first written to and shared with the former
 * state otherwise, and so are the partitions of each topic.
 */
export class StateDraft {
  readonly #state: ControllerState;
  readonly brokers: DraftMap<BrokerId, BrokerImage>;
  readonly topics: DraftMap<string, TopicImage>;
  readonly topicNames: DraftMap<TopicId, string>;
  readonly brokerConfigs: DraftMap<string, ConfigOverrides>;
  readonly deletedTopics: DraftMap<TopicId, DeletedTopic>;
  readonly unreadableTopics: DraftMap<string, UnreadableTopic>;
  readonly unreadable: DraftMap<string, string>;
  readonly unreachable: DraftMap<BrokerId, BrokerEpoch>;
  readonly slotVersions: DraftMap<number, CoordinatorEpoch>;
  #coordinators: readonly SlotImage[];
  /** Partition arrays that were copied already and belong to this draft. */
  readonly #ownPartitions = new Map<string, PartitionImage[]>();

  constructor(state: ControllerState) {
    this.#state = state;
    this.brokers = new DraftMap(state.image.brokers);
    this.topics = new DraftMap(state.image.topics);
    this.topicNames = new DraftMap(state.image.topicNames);
    this.brokerConfigs = new DraftMap(state.image.brokerConfigs);
    this.deletedTopics = new DraftMap(state.image.deletedTopics);
    this.unreadableTopics = new DraftMap(state.image.unreadableTopics);
    this.unreadable = new DraftMap(state.unreadable);
    this.unreachable = new DraftMap(state.unreachable);
    this.#coordinators = state.image.coordinators;
    this.slotVersions = new DraftMap(state.slotVersions);
  }

  updateTopic(name: string, update: (topic: TopicImage) => TopicImage): void {
    const topic = this.topics.get(name);
    assert(topic !== undefined, () => `topic ${name} is known`);
    this.topics.set(name, update(topic));
  }

  updatePartition(id: TopicPartition, update: (partition: PartitionImage) => PartitionImage): void {
    const topic = this.topics.get(id.topic);
    assert(topic !== undefined, () => `topic ${id.topic} is known`);
    let partitions = this.#ownPartitions.get(id.topic);
    if (partitions === undefined || partitions !== topic.partitions) {
      partitions = [...topic.partitions];
      this.#ownPartitions.set(id.topic, partitions);
      this.topics.set(id.topic, { ...topic, partitions });
    }
    const partition = partitions[id.partition];
    assert(partition !== undefined, () => `partition ${id.topic}-${id.partition} is known`);
    partitions[id.partition] = update(partition);
  }

  updateSlot(slot: number, update: (image: SlotImage) => SlotImage): void {
    const image = this.#coordinators[slot];
    assert(image !== undefined, () => `slot ${slot} is known`);
    this.#coordinators = this.#coordinators.with(slot, update(image));
  }

  finish(changes: number): ControllerState {
    const { image, settings } = this.#state;
    return {
      settings,
      image: {
        ...image,
        version: image.version + changes,
        brokers: this.brokers.current,
        topics: this.topics.current,
        topicNames: this.topicNames.current,
        brokerConfigs: this.brokerConfigs.current,
        deletedTopics: this.deletedTopics.current,
        unreadableTopics: this.unreadableTopics.current,
        coordinators: this.#coordinators,
      },
      unreadable: this.unreadable.current,
      unreachable: this.unreachable.current,
      slotVersions: this.slotVersions.current,
    };
  }
}

/** A map that is copied by the first write. */
class DraftMap<K, V> {
  readonly #original: ReadonlyMap<K, V>;
  #copy: Map<K, V> | undefined;

  constructor(original: ReadonlyMap<K, V>) {
    this.#original = original;
  }

  get current(): ReadonlyMap<K, V> {
    return this.#copy ?? this.#original;
  }

  get(key: K): V | undefined {
    return this.current.get(key);
  }

  values(): IterableIterator<V> {
    return this.current.values();
  }

  set(key: K, value: V): void {
    this.#own().set(key, value);
  }

  delete(key: K): void {
    if (this.current.has(key)) this.#own().delete(key);
  }

  #own(): Map<K, V> {
    this.#copy ??= new Map(this.#original);
    return this.#copy;
  }
}
