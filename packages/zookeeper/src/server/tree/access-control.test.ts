import { ACL_PERMISSIONS, type AclEntry } from "../../client/zookeeper-client.ts";
import {
  digestCredential,
  OPEN_ACL,
  permits,
  resolveAcl,
  withoutDigests,
} from "./access-control.ts";

const entry = (scheme: string, id: string, permissions = 31): AclEntry => ({
  scheme,
  id,
  permissions,
});
const local = { scheme: "ip", id: "127.0.0.1" };

test("a digest is the user and the base64 SHA-1 of user and password", () => {
  const credential = digestCredential(Buffer.from("super:secret"));

  // As ZooKeeper's own DigestAuthenticationProvider prints it.
  expect(credential).toEqual({ scheme: "digest", id: "super:lK75jTNcA+U9vtVEw5vB51mj/w4=" });
});

test("auth stands for what the client has proved, and its address is no proof", () => {
  const user = digestCredential(Buffer.from("u:p"));

  expect(resolveAcl([entry("auth", "", 3)], [local])).toBeUndefined();
  expect(resolveAcl([entry("auth", "", 3)], [local, user])).toEqual([{ ...user, permissions: 3 }]);
});

test.each([
  ["no entry", []],
  ["an unknown scheme", [entry("foo", "x")]],
  ["a world without anyone", [entry("world", "nobody")]],
  ["a digest without a user", [entry("digest", "x")]],
  ["an address that is none", [entry("ip", "256.0.0.1")]],
  ["too many bits of an address", [entry("ip", "10.0.0.0/33")]],
])("%s is not a valid ACL", (_, acl) => {
  expect(resolveAcl(acl, [local])).toBeUndefined();
});

test("duplicates are dropped, and the open ACL is one object", () => {
  const open = entry("world", "anyone");

  expect(resolveAcl([open, { ...open }], [])).toBe(OPEN_ACL);
});

test.each([
  ["127.0.0.1", true],
  ["127.0.0.2", false],
  ["127.0.0.0/8", true],
  ["10.0.0.0/8", false],
  ["0.0.0.0/0", true],
])("the address range %s lets 127.0.0.1 in: %s", (range, expected) => {
  expect(permits([entry("ip", range)], ACL_PERMISSIONS.read, [local])).toBe(expected);
});

test("a permission is given by the entry that has it, to whom it names", () => {
  const user = digestCredential(Buffer.from("u:p"));
  const acl = [entry("world", "anyone", 1), { ...user, permissions: 2 }];

  expect(permits(acl, ACL_PERMISSIONS.read, [])).toBe(true);
  expect(permits(acl, ACL_PERMISSIONS.write, [local])).toBe(false);
  expect(permits(acl, ACL_PERMISSIONS.write, [local, user])).toBe(true);
});

test("password hashes are not shown to everybody", () => {
  expect(withoutDigests([entry("digest", "u:hash"), entry("world", "anyone")])).toEqual([
    entry("digest", "u:x"),
    entry("world", "anyone"),
  ]);
});
