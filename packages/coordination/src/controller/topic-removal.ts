import { inParallel, type TopicId } from "@zoolog/base";
import type { Operation } from "@zoolog/zookeeper";
import { isMalformed } from "../errors.ts";
import { ifThere } from "../existing.ts";
import type { FencedMulti } from "../fenced-multi.ts";
import { MULTIS_IN_FLIGHT_MAX, READS_IN_FLIGHT_MAX } from "../limits.ts";
import { chunked } from "../multi-chunks.ts";
import { configPath, deleteRequestPath, topicPath } from "../paths.ts";
import { decodeTopic } from "../znodes/topic-znode.ts";

/**
 * Removes a topic's znodes: everything below the topic, the deepest first, then the topic together
 * with its config and the request to delete it. Looks at what is there before each step, so that it
 * can be interrupted and repeated anywhere. A topic of the same name with another id stays; one
 * whose znode cannot be read goes: nobody but the controller makes topics, so what stands there is
 * what somebody made of this one.
 */
export async function removeTopic(
  multi: FencedMulti,
  removal: { readonly topic: string; readonly topicId: TopicId | undefined },
): Promise<void> {
  const { topic: name, topicId } = removal;
  const path = topicPath(name);
  for (;;) {
    const znode = await multi.read((client) => ifThere(client.getData(path)));
    if (znode !== undefined && isAnother(znode.data, { topic: name, topicId })) return;
    if (znode !== undefined && !(await removeDescendants(multi, path))) continue;

    const last = [path, configPath("topic", name), deleteRequestPath(name)];
    const there = await existing(multi, last);
    if (there.length === 0) return;
    const outcome = await multi.run(there.map(removalOf));
    if (outcome.outcome === "applied") return;
  }
}

function isAnother(
  data: Uint8Array,
  { topic, topicId }: { readonly topic: string; readonly topicId: TopicId | undefined },
): boolean {
  try {
    return decodeTopic(topic, data).topicId !== topicId;
  } catch (error) {
    if (isMalformed(error)) return false;
    throw error;
  }
}

/** False when something moved meanwhile: list again. */
async function removeDescendants(multi: FencedMulti, root: string): Promise<boolean> {
  const levels: (readonly string[])[] = [];
  for (let level = await childrenOf(multi, [root]); level.length > 0; ) {
    levels.push(level);
    level = await childrenOf(multi, level);
  }
  for (const level of levels.reverse()) {
    const outcomes = await inParallel(
      chunked(level.map(removalOf), (operation) => [operation]),
      { atOnceMax: MULTIS_IN_FLIGHT_MAX },
      (chunk) => multi.run(chunk),
    );
    if (outcomes.some(({ outcome }) => outcome !== "applied")) return false;
  }
  return true;
}

async function childrenOf(
  multi: FencedMulti,
  paths: readonly string[],
): Promise<readonly string[]> {
  const children = await inParallel(paths, { atOnceMax: READS_IN_FLIGHT_MAX }, async (path) => {
    const found = await multi.read((client) => ifThere(client.getChildren(path)));
    return (found?.names ?? []).map((name) => `${path}/${name}`);
  });
  return children.flat();
}

async function existing(multi: FencedMulti, paths: readonly string[]): Promise<readonly string[]> {
  const found = await inParallel(paths, { atOnceMax: READS_IN_FLIGHT_MAX }, async (path) => {
    const stat = await multi.read((client) => client.exists(path));
    return stat === undefined ? [] : [path];
  });
  return found.flat();
}

function removalOf(path: string): Operation {
  return { type: "remove", path };
}
