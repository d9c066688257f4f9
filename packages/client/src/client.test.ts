import { Client } from "./client.ts";

test.each(["localhost:8092", "http://localhost:8092", "https://broker.example.org"])(
  "a broker may be named as %s",
  async (broker) => {
    const client = new Client({ brokers: [broker] });
    await client.close();
  },
);

test.each(["", "ftp://localhost:8092", "localhost:99999"])("%j names no broker", (broker) => {
  expect(() => new Client({ brokers: [broker] })).toThrow("must be URLs such as");
});
