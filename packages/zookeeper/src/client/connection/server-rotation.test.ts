import { seededRandom } from "@zoolog/testkit";
import { RECONNECT_PAUSE_MS_MAX } from "../limits.ts";
import { ServerRotation } from "./server-rotation.ts";

const SERVERS = ["a", "b", "c"].map((host) => ({ host, port: 2181 }));

function hosts(rotation: ServerRotation, count: number): string[] {
  return Array.from({ length: count }, () => rotation.next().server.host);
}

test("each round visits every server once, in the same order", () => {
  const rotation = new ServerRotation(SERVERS, seededRandom(1));

  const [first, second] = [hosts(rotation, 3), hosts(rotation, 3)];

  expect([...first].sort()).toEqual(["a", "b", "c"]);
  expect(second).toEqual(first);
});

test("clients begin at different servers", () => {
  const firsts = Array.from(
    { length: 50 },
    (_, seed) => hosts(new ServerRotation(SERVERS, seededRandom(seed)), 1)[0],
  );

  expect(new Set(firsts)).toEqual(new Set(["a", "b", "c"]));
});

test("the first round has no pauses; later ones grow to a limit, spread by chance", () => {
  const rotation = new ServerRotation(SERVERS, seededRandom(1));

  const rounds = Array.from({ length: 12 }, () => [1, 2, 3].map(() => rotation.next().pauseMs));

  expect(rounds[0]).toEqual([0, 0, 0]);
  expect(Math.min(...rounds[1]!)).toBeGreaterThan(0);
  expect(Math.min(...rounds[11]!)).toBeGreaterThanOrEqual(RECONNECT_PAUSE_MS_MAX / 2);
  expect(Math.max(...rounds.flat())).toBeLessThanOrEqual(RECONNECT_PAUSE_MS_MAX);
  expect(new Set(rounds[11]).size).toBe(3);
});

test("after a success the next failure starts without a pause again", () => {
  const rotation = new ServerRotation(SERVERS, seededRandom(1));
  hosts(rotation, 10);

  rotation.succeeded();

  expect(rotation.next().pauseMs).toBe(0);
});
