import { BrokerCalls } from "./broker-calls.ts";
import type { Transport } from "./transport.ts";

const TO = "http://broker:9092";

function callsAnswered(status: number, body: string) {
  const answer = { status, contentType: "application/json", body: Buffer.from(body) };
  const transport: Transport = { post: async () => answer, close: async () => {} };
  const calls = new BrokerCalls({ transport });
  return calls.call(TO, "describe-cluster", {}, { timeoutMs: 1 });
}

test("who cannot read the request says why in JSON: that is the error", async () => {
  const error = {
    code: "WRONG_PORT",
    message: "this is a port for Kafka clients",
    retriable: false,
    hint: "Use the HTTP port.",
  };

  await expect(callsAnswered(400, JSON.stringify({ error }))).rejects.toMatchObject({
    ...error,
    message: "http://broker:9092: this is a port for Kafka clients",
  });
});

test.each([
  [200, JSON.stringify({ error: { code: "NONE", message: "", retriable: false } })],
  [400, "no JSON"],
  [400, JSON.stringify({ message: "of something in front of the broker" })],
])("an answer in JSON that is no error of a broker is none (%p, %p)", async (status, body) => {
  await expect(callsAnswered(status, body)).rejects.toMatchObject({
    code: "INVALID_RESPONSE",
    retriable: true,
  });
});
