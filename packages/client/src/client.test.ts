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

test.each([
  ["broker", "http://broker:8092"],
  ["[::1]", "http://[::1]:8092"],
  ["broker:80", "http://broker"],
  ["broker:9000", "http://broker:9000"],
  ["http://broker", "http://broker"],
  ["https://broker", "https://broker"],
])("%s is asked at %s", async (broker, asked) => {
  const endpoints = new Set<string>();
  const transport = {
    post: async ({ endpoint }: { endpoint: string }) => {
      endpoints.add(endpoint);
      throw new Error("nobody is there");
    },
    close: async () => {},
  };
  const limits = { requestTimeoutMs: 50, unreachableTimeoutMs: 1, connectTimeoutMs: 10 };
  const client = new Client({ brokers: [` ${broker} `], ...limits }, { transport });

  await expect(client.admin.describeCluster()).rejects.toThrow();

  expect([...endpoints]).toEqual([asked]);
  await client.close();
});
