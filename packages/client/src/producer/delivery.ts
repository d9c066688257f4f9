import type { RequiredAcks } from "@zoolog/protocol";

/** Whose copy must be written before a send is answered: Kafka's acks 0, 1 and all. */
export type { RequiredAcks };

/** Kafka's numbers for none, leader and all. */
export type KafkaAcks = 0 | 1 | -1;

/** The word for either. */
export type NamedAcks<Acks extends RequiredAcks | KafkaAcks> = Acks extends 0
  ? "none"
  : Acks extends 1
    ? "leader"
    : Acks extends -1
      ? "all"
      : Extract<Acks, RequiredAcks>;

/** Where a record is. */
export type Delivery<Acks extends RequiredAcks = "all"> = {
  readonly partition: number;
  /** Unknown only with `acks: "none"`. */
  readonly offset: Acks extends "none" ? undefined : number;
  /** The record's, or the broker's where the topic stamps records on append. Ms since 1970. */
  readonly timestamp: number;
};

/** Where a batch is: what its records share. */
export type BatchPlace = {
  readonly partition: number;
  /** Of the batch's first record; unknown with `acks: "none"`. */
  readonly baseOffset: number | undefined;
  /** Set where the topic stamps records on append. */
  readonly logAppendTime: number | undefined;
};

/** Records that follow each other in a batch: the first one's index, and how many. */
export type Stretch = { readonly firstIndex: number; readonly count: number };

/** Who waits for records in batches. Each record ends in exactly one of the two, once. */
export interface Receiver {
  delivered(place: BatchPlace, stretch: Stretch): void;
  /** They will not be tried again. */
  failed(error: unknown, stretch: Stretch): void;
}
