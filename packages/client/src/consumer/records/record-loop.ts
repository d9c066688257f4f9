import type { ReaderRecord } from "../../reader/reader-record.ts";
import type { RecordWalk } from "./record-walk.ts";

export type RecordLoopOptions = {
  /** The consumer has ended or failed: `walk.next()` says why. */
  readonly isEnded: () => boolean;
  /** The loop was left, by the user or by a failure. */
  readonly onLeave: () => void;
};

/** The iterator of one `for await` loop. Leaving the loop gives the record in hand back. */
export function recordLoop<K, V>(
  walk: RecordWalk<K, V>,
  { isEnded, onLeave }: RecordLoopOptions,
): AsyncIterator<ReaderRecord<K, V>, undefined> {
  const leave = (): void => {
    walk.giveBack();
    onLeave();
  };
  const next = async (): Promise<IteratorResult<ReaderRecord<K, V>, undefined>> => {
    try {
      return { done: false, value: await walk.next() };
    } catch (error) {
      leave();
      throw error;
    }
  };
  return {
    // The common case, a record that is there already, takes no trip through an async function.
    next: () => {
      try {
        const value = isEnded() ? undefined : walk.nextAtOnce();
        if (value !== undefined) return Promise.resolve({ done: false, value });
      } catch (error) {
        leave();
        return Promise.reject(error);
      }
      return next();
    },
    return: () => {
      leave();
      return Promise.resolve({ done: true, value: undefined });
    },
  };
}
