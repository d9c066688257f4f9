import { readRequestHeader, readResponse } from "./frame.ts";
import { goldenFrames, readFrame, writeFrame } from "./golden-frames.fixture.ts";
import { KAFKA_MESSAGES } from "./kafka-messages.ts";
import { MESSAGE_CASES, SAMPLE_FORMS, sampleMessage } from "./sample-messages.fixture.ts";

const GOLDEN = goldenFrames();

test("there are golden bytes of every message in every version", () => {
  const golden = GOLDEN.map(({ message, version, direction, form }) =>
    [message.name, version, direction, form].join(" "),
  );

  const expected = MESSAGE_CASES.flatMap(({ message, version, direction }) =>
    SAMPLE_FORMS.map((form) => [message.name, version, direction, form].join(" ")),
  );
  expect(golden.toSorted()).toEqual(expected.toSorted());
});

test.each(Object.keys(KAFKA_MESSAGES))("%s has Java's bytes, written and read", (name) => {
  const ofCall = GOLDEN.filter(({ message }) => message.name === name);

  for (const frame of ofCall) {
    const { message, version, direction, form, bytes } = frame;
    const title = `${name} ${version} ${direction} ${form}`;
    const value = sampleMessage(message[direction].fields, { form, version });
    const clientId = form === "filled" ? "golden" : undefined;

    expect([title, readFrame(frame, bytes)]).toEqual([title, value]);
    expect([title, writeFrame(frame, value, clientId).toString("hex")]).toEqual([
      title,
      bytes.toString("hex"),
    ]);

    if (direction === "request") {
      const { header } = readRequestHeader(bytes);
      const { key: apiKey } = message;
      expect(header).toEqual({ apiKey, apiVersion: version, correlationId: 7, clientId });
    } else {
      expect(readResponse(message, version, bytes).correlationId).toBe(7);
    }
  }
});
