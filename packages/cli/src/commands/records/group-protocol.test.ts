import { wayIntoGroup } from "./group-protocol.ts";

test.each([
  [
    "one that the coordinator assigns to",
    { type: "consumer" },
    "classic",
    "leave --protocol classic out",
  ],
  [
    "Kafka's consumers",
    { type: "classic", protocol: "range" },
    "consumer",
    "add --protocol classic.",
  ],
  [
    "members that agreed on another",
    { type: "classic", protocol: "roundrobin" },
    "consumer",
    "add --protocol classic --assignor roundrobin.",
  ],
  [
    "members without ours",
    { type: "classic", protocol: "sticky" },
    "classic",
    "--assignor sticky.",
  ],
  [
    "members that are still agreeing",
    { type: "classic", protocol: "" },
    "classic",
    "--assignor range,roundrobin,sticky,cooperative-sticky.",
  ],
  [
    "members with an assignor of their own",
    { type: "classic", protocol: "RoundRobinAssigner" },
    "classic",
    "RoundRobinAssigner, which only they know: set one of range, roundrobin",
  ],
  ["nobody who says", undefined, "classic", "zoolog group describe"],
] as const)("the way into a group of %s", (_, group, ours, hint) => {
  expect(wayIntoGroup(group, ours)).toContain(hint);
});
