import { join } from "node:path";
import { outcomeOf } from "./outcome.fixture.ts";
import { pageData, tracePage } from "./trace-page.ts";

const VIEWER = join(__dirname, "viewer");

const RECORDED = outcomeOf(
  { seed: 7 },
  {
    trace: [
      { atMs: 1, actor: "producer-1", kind: "timer" },
      { atMs: 2, actor: "broker-10", kind: "produce", from: "producer-1", sentAtMs: 1 },
      { atMs: 2, actor: "broker-2", kind: "log warn", text: "</script><b>" },
    ],
    bands: [{ what: "pause", actors: ["broker-2"], fromMs: 1, toMs: undefined }],
  },
);

test("brokers stand left of clients, in the order of their numbers", () => {
  expect(pageData(RECORDED).actors).toEqual(["broker-2", "broker-10", "producer-1"]);
});

test("entries say who sent what arrives; a fault that has not ended lasts to the end", () => {
  const { bands, entries, kinds, quietKinds } = pageData(RECORDED);

  expect(entries[1]).toEqual([2, 1, kinds.indexOf("produce"), 2, 1, -1]);
  expect(quietKinds).toEqual([kinds.indexOf("timer")]);
  expect(bands).toEqual([{ what: "pause", actors: [0], fromMs: 1, toMs: 2 }]);
});

test("a page needs nothing else, and no text of a run can end its script", () => {
  const page = tracePage(RECORDED, VIEWER);

  expect(page).not.toMatch(/%(TITLE|STYLE|SCRIPT|DATA)%/);
  expect(page).not.toMatch(/(src|href)=|@import|url\((?!#)|https?:\/\/(?!www\.w3\.org\/2000\/svg)/);
  expect(page.match(/<\/script>/g)).toHaveLength(2);
  expect(page).toContain("Zoolog simulation, seed 7, swarm");
});
