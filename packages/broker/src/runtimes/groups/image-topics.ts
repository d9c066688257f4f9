import type { TopicId } from "@zoolog/base";
import type { ClusterImage, TopicImage } from "@zoolog/controller";
import type { TopicsView, TopicView } from "@zoolog/group-coordinator";

/** The topics of one cluster image, as the core of groups looks at them. */
export class ImageTopics implements TopicsView {
  readonly #image: ClusterImage;
  readonly #views = new Map<TopicId, TopicView>();

  constructor(image: ClusterImage) {
    this.#image = image;
  }

  topic(name: string): TopicView | undefined {
    const topic = this.#image.topics.get(name);
    return topic === undefined ? undefined : this.#view(topic);
  }

  topicById(topicId: TopicId): TopicView | undefined {
    const name = this.#image.topicNames.get(topicId);
    return name === undefined ? undefined : this.topic(name);
  }

  names(): Iterable<string> {
    return this.#image.topics.keys();
  }

  #view(topic: TopicImage): TopicView {
    const { name, topicId } = topic;
    const known = this.#views.get(topicId);
    if (known !== undefined) return known;
    const racks = racksOf(topic, this.#image);
    const view = { name, topicId, partitions: topic.partitions.length, racks };
    this.#views.set(topicId, view);
    return view;
  }
}

/** Absent when no broker has a rack: then there is nothing to choose by. */
function racksOf(
  { partitions }: TopicImage,
  { brokers }: ClusterImage,
): readonly (readonly string[])[] | undefined {
  if (![...brokers.values()].some(({ rack }) => rack !== undefined)) return undefined;
  return partitions.map(({ replicas }) => [
    ...new Set(replicas.flatMap((id) => brokers.get(id)?.rack ?? [])),
  ]);
}

/**
 * True when groups see the same topics in both: ids, numbers of partitions, and the racks of
 * brokers. Leaders and ISRs change all the time and mean nothing to them.
 */
export function sameTopics(a: ClusterImage, b: ClusterImage): boolean {
  if (a.brokers !== b.brokers && !sameRacks(a, b)) return false;
  if (a.topics === b.topics) return true;
  if (a.topics.size !== b.topics.size) return false;
  for (const [name, topic] of a.topics) {
    const other = b.topics.get(name);
    if (other === topic) continue;
    if (other?.topicId !== topic.topicId) return false;
    if (other.partitions.length !== topic.partitions.length) return false;
  }
  return true;
}

/** Without racks, brokers come and go unnoticed. */
function sameRacks(a: ClusterImage, b: ClusterImage): boolean {
  const racks = ({ brokers }: ClusterImage): string =>
    [...brokers.values()]
      .flatMap(({ brokerId, rack }) => (rack === undefined ? [] : [`${brokerId} ${rack}`]))
      .sort()
      .join("\n");
  return racks(a) === racks(b);
}
