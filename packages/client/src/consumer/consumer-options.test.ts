import { topic } from "../topic.ts";
import { resolveConsumerOptions } from "./consumer-options.ts";

test("a topic that was not subscribed to has no serdes, and is refused", () => {
  const texts = topic("texts");
  const { subscription } = resolveConsumerOptions({ group: "g", topics: [texts] });

  expect(subscription.topic("texts")).toBe(texts);
  expect(() => subscription.topic("others")).toThrow(
    expect.objectContaining({ code: "INCONSISTENT_GROUP_PROTOCOL" }),
  );
});
