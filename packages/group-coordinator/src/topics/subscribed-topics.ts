import type { TopicsView, TopicView } from "../group-context.ts";
import type { Subscription } from "../state/stored-group.ts";
import { compilePattern } from "./topic-pattern.ts";

/**
 * The existing topics of each subscription, by name; equal subscriptions share one array. Of names
 * that do not exist (yet) and of patterns that cannot be read nothing comes.
 */
export class SubscribedTopics {
  readonly #topics: TopicsView;
  readonly #known = new Map<string, readonly TopicView[]>();

  constructor(topics: TopicsView) {
    this.#topics = topics;
  }

  of(subscription: Subscription): readonly TopicView[] {
    const { topics, pattern } = subscription;
    const key = keyOf(subscription);
    let found = this.#known.get(key);
    if (found === undefined) {
      const names = new Set([...topics, ...(pattern === undefined ? [] : this.#matching(pattern))]);
      found = [...names]
        .sort()
        .map((name) => this.#topics.topic(name))
        .filter((topic) => topic !== undefined);
      this.#known.set(key, found);
    }
    return found;
  }

  #matching(pattern: string): readonly string[] {
    let byPattern = MATCHES.get(this.#topics);
    if (byPattern === undefined) {
      byPattern = new Map();
      MATCHES.set(this.#topics, byPattern);
    }
    let names = byPattern.get(pattern);
    if (names === undefined) {
      const matcher = compilePattern(pattern).pattern;
      names = [...this.#topics.names()].filter((name) => matcher?.matches(name) === true);
      if (byPattern.size >= REMEMBERED_PATTERNS_MAX) byPattern.clear();
      byPattern.set(pattern, names);
    }
    return names;
  }
}

/** Equal for equal subscriptions. Remembered: each assignment asks for those of all members. */
function keyOf(subscription: Subscription): string {
  let key = KEYS.get(subscription);
  if (key === undefined) {
    // Topic names have no line breaks; a pattern stands last.
    key = `${subscription.topics.join("\n")}\n\n${subscription.pattern ?? ""}`;
    KEYS.set(subscription, key);
  }
  return key;
}

const KEYS = new WeakMap<Subscription, string>();

/** All groups of a broker ask the same of the same view; it goes with the view. */
const MATCHES = new WeakMap<TopicsView, Map<string, readonly string[]>>();
/** Names of every topic that matches may be remembered for each. */
const REMEMBERED_PATTERNS_MAX = 256;
