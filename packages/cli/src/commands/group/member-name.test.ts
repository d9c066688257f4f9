import { memberName } from "./member-name.ts";

const ID = "0b9f6c1e-7d5a-4a53-b2ad-2d3f6c0f8a11";

test.each<[string, Parameters<typeof memberName>[0], string | undefined]>([
  ["a static member", { memberId: ID, groupInstanceId: "worker-1", clientId: "c" }, "worker-1"],
  ["one whose id it made itself", { memberId: ID, clientId: "zoolog-cli" }, "zoolog-cli-0b9f6c"],
  ["one named by the broker", { memberId: `billing-${ID}`, clientId: "billing" }, "billing-0b9f6c"],
  ["a long client id", { memberId: ID, clientId: "a-very-long-client-id" }, "a-very-long-…-0b9f6c"],
  ["one without a client id", { memberId: ID, clientId: "" }, "0b9f6c1e-7d5a-4a53-…"],
  ["nobody", {}, undefined],
])("%s is known by a name that tells it apart", (_, member, name) => {
  expect(memberName(member, 20)).toBe(name);
});
