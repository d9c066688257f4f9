import { topicNameFault } from "@zoolog/base";
import type { Refusal } from "../controller-response.ts";
import type { ClusterImage } from "../image/cluster-image.ts";
import { refusal } from "./refusals.ts";

type NamedTopics = Pick<ClusterImage, "topics" | "unreadableTopics">;

/**
 * Those of `names` that new topics can have, each once and together, by a broker's own picture of the
 * cluster. The controller decides; who has many names need not ask it for what it must refuse.
 */
export function grantableNames(image: NamedTopics, names: readonly string[]): readonly string[] {
  const distinct = [...new Set(names)];
  const taken = new TakenNames(
    image,
    distinct.map((name) => ({ name })),
  );
  return distinct.filter((name) => {
    if (taken.fault(name) !== undefined) return false;
    taken.take(name);
    return true;
  });
}

/** Which names can still be given, within one request and against what there is. */
export class TakenNames {
  readonly #topics: NamedTopics["topics"];
  readonly #unreadable: NamedTopics["unreadableTopics"];
  readonly #occurrences = new Map<string, number>();
  /** By the form in which `.` and `_` are the same, as they are in names of metrics. */
  readonly #takenForms = new Map<string, string>();

  constructor(
    { topics, unreadableTopics }: NamedTopics,
    requested: readonly { readonly name: string }[],
  ) {
    this.#topics = topics;
    this.#unreadable = unreadableTopics;
    for (const name of this.#topics.keys()) this.take(name);
    for (const { name } of requested) {
      this.#occurrences.set(name, (this.#occurrences.get(name) ?? 0) + 1);
    }
  }

  take(name: string): void {
    this.#takenForms.set(collisionForm(name), name);
  }

  fault(name: string): Refusal | undefined {
    if ((this.#occurrences.get(name) ?? 0) > 1) {
      return refusal("INVALID_REQUEST", `topic ${name} is named twice in the request`);
    }
    const nameFault = topicNameFault(name);
    if (nameFault !== undefined) return refusal("INVALID_TOPIC_EXCEPTION", nameFault);
    if (this.#topics.has(name)) {
      return refusal("TOPIC_ALREADY_EXISTS", `there is a topic ${name} already`);
    }
    const unreadable = this.#unreadable.get(name);
    if (unreadable !== undefined) {
      const message = `there is a topic ${name} that cannot be read: ${unreadable.reason}; mend it or delete the topic`;
      return refusal("TOPIC_ALREADY_EXISTS", message);
    }
    const other = this.#takenForms.get(collisionForm(name));
    if (other === undefined) return undefined;
    return refusal(
      "INVALID_TOPIC_EXCEPTION",
      `topic ${name} collides with ${other}: '.' and '_' are the same in names of metrics`,
    );
  }
}

/** Names that differ only in `.` and `_` collide in names of metrics (Kafka's rule). */
function collisionForm(name: string): string {
  return name.replaceAll(".", "_");
}
