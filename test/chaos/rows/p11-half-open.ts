import { PEER_CALLS } from "@zoolog/protocol";
import type { LinkProxy } from "../injectors/link-proxy.ts";
import { type Play, runClusterRow, SESSION_MS, untilTimeIsOver } from "./cluster-row.ts";
import { LinkedBrokers } from "./linked.ts";
import type { Row } from "./row.ts";

/** The library's way: a server that is silent for two thirds of a session is given up. */
const SILENT_SERVER_MS_MAX = (SESSION_MS * 2) / 3;
/** What a leader may wait, and how late its answer may begin (`replica-fetcher.ts`); twice that. */
const SILENT_PEER_MS_MAX = 2 * (500 + 5_000);
const LOOK_MS = 20;
const REST_MS = 3_000;

export const HALF_OPEN: Row = {
  id: "P-11",
  about:
    "connections stay up and everything on them is swallowed: a broker's to ZooKeeper, brokers' to a leader",
  expected: `0 lost, no broker ends; noticed in 2/3 of a session, and by followers in ${SILENT_PEER_MS_MAX / 1_000} s`,
  needs: [],
  length: { seconds: 300 },
  run: (request) => {
    const links = new LinkedBrokers();
    return runClusterRow(
      {
        ground: links,
        play: async (play) => {
          const { record, targets, note, wait, whole } = play;
          const [byBrokers, byFollowers]: [number[], number[]] = [[], []];
          await untilTimeIsOver(play, async (index) => {
            const target = await targets.find(index % 4 < 2 ? "leader" : "controller");
            const { broker } = target;
            if (index % 2 === 0) {
              note(`broker ${broker.brokerId} and its server do not hear each other`, target);
              byBrokers.push(await noticed(play, links.serverLinksOf(broker), () => true));
            } else {
              note(`brokers do not hear broker ${broker.brokerId}`, target);
              byFollowers.push(await noticed(play, [links.linkTo(broker)], isOfPeer));
            }
            await whole();
            await wait(REST_MS);
          });
          record.worst(byBrokers, {
            what: "a silent server noticed",
            unit: "ms",
            atMost: SILENT_SERVER_MS_MAX,
          });
          record.worst(byFollowers, {
            what: "a silent broker noticed by brokers",
            unit: "ms",
            atMost: SILENT_PEER_MS_MAX,
          });
        },
      },
      request,
    );
  },
};

function isOfPeer(firstBytes: string): boolean {
  const call = /^POST \/v1\/([a-z-]+)/.exec(firstBytes)?.[1] ?? "";
  return call in PEER_CALLS;
}

/** Swallows what the connections carry; how long until somebody makes a new one, ms. */
async function noticed(
  { cluster }: Play,
  links: readonly LinkProxy[],
  choice: (firstBytes: string) => boolean,
): Promise<number> {
  const at = performance.now();
  const swallowed = links.reduce((sum, link) => sum + link.swallow(choice), 0);
  if (swallowed === 0) throw new Error("there was no connection to swallow anything of");
  let noticedAt: number | undefined;
  await cluster.until("the silence is noticed", async () => {
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    noticedAt = links.map((link) => link.connectedAfter(at, choice)).find((found) => found);
    return noticedAt !== undefined;
  });
  return (noticedAt ?? Number.POSITIVE_INFINITY) - at;
}
