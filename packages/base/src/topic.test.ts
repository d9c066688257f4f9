import { TOPIC_NAME_LENGTH_MAX, topicIdFromBytes, topicNameFault } from "./topic.ts";

test.each(["a", "orders.v1", "A_b-c.9", "x".repeat(TOPIC_NAME_LENGTH_MAX)])(
  "%p is a legal topic name",
  (name) => {
    expect(topicNameFault(name)).toBeUndefined();
  },
);

test.each([
  "",
  ".",
  "..",
  "a/b",
  "..%2f",
  "a b",
  "ä",
  "a\0",
  "x".repeat(TOPIC_NAME_LENGTH_MAX + 1),
])("%p is refused with a reason", (name) => {
  expect(topicNameFault(name)).toMatch(/topic/);
});

test("a topic id is 22 characters of base64url with the version bits of a UUID", () => {
  const id = topicIdFromBytes(new Uint8Array(16).fill(0xff));

  const bytes = Buffer.from(id, "base64url");
  expect(id).toHaveLength(22);
  expect(bytes[6]! >> 4).toBe(4);
  expect(bytes[8]! >> 6).toBe(2);
});
