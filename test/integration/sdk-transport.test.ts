/** Answers that are none, byte by byte: what the SDK makes of servers that misbehave. */
import { createServer, type Server, type Socket } from "node:net";
import { Client } from "@zoolog/client";

let server: Server | undefined;
let client: Client | undefined;
const sockets = new Set<Socket>();

afterEach(async () => {
  await client?.close();
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => server?.close(resolve));
  sockets.clear();
});

/** A server that treats every request as told, once its headers are there. */
async function serve(answer: (socket: Socket) => void): Promise<Client> {
  server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
    socket.on("data", (chunk) => {
      if (chunk.includes("\r\n\r\n")) answer(socket);
    });
  });
  await new Promise<void>((resolve) => server!.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  client = new Client({
    brokers: [`http://127.0.0.1:${port}`],
    requestTimeoutMs: 300,
    retry: { backoffMs: 20, backoffMaxMs: 50 },
  });
  return client;
}

const head = (length: number | string, type = "application/msgpack") =>
  `HTTP/1.1 200 OK\r\ncontent-type: ${type}\r\ncontent-length: ${length}\r\n\r\n`;

test.each<[string, (socket: Socket) => void, string]>([
  [
    "ends in the middle of its body",
    (socket) => {
      socket.write(`${head(100)}half`);
      socket.end();
    },
    "NETWORK_EXCEPTION",
  ],
  ["is a closed connection", (socket) => socket.destroy(), "NETWORK_EXCEPTION"],
  ["is not HTTP", (socket) => socket.end("220 smtp.example.org ready\r\n"), "NETWORK_EXCEPTION"],
  ["never comes", () => {}, "REQUEST_TIMED_OUT"],
  [
    "stops in the middle of its body",
    (socket) => void socket.write(`${head(100)}half`),
    "REQUEST_TIMED_OUT",
  ],
  [
    "announces more than anybody would take",
    (socket) => void socket.write(head(1e12)),
    "INVALID_RESPONSE",
  ],
  [
    "is no msgpack",
    (socket) => void socket.write(`${head(4)}\u00c1\u00c1\u00c1`),
    "INVALID_RESPONSE",
  ],
  [
    "is a msgpack value of the wrong shape",
    (socket) => void socket.write(`${head(1)}\u0001`),
    "INVALID_RESPONSE",
  ],
  ["is a web page", (socket) => void socket.write(`${head(2, "text/html")}hi`), "INVALID_RESPONSE"],
])("an answer that %s is tried again until time is up, and then named", async (_, answer, code) => {
  let requests = 0;
  const misled = await serve((socket) => {
    requests += 1;
    answer(socket);
  });

  const call = misled.admin.describeCluster({ timeoutMs: 800 });

  await expect(call).rejects.toMatchObject({
    code: code === "NETWORK_EXCEPTION" ? "BROKER_UNREACHABLE" : "REQUEST_TIMED_OUT",
    cause: expect.objectContaining({ code, retriable: true }),
  });
  expect(requests).toBeGreaterThan(1);
});

test("an aborted call rejects at once and gives its connection up", async () => {
  const controller = new AbortController();
  const asked: Socket[] = [];
  const patient = await serve((socket) => {
    asked.push(socket);
    controller.abort(new Error("never mind"));
  });

  const call = patient.admin.describeCluster({ signal: controller.signal });

  await expect(call).rejects.toThrow("never mind");
  while (sockets.has(asked[0]!)) await new Promise((resolve) => setImmediate(resolve));
  expect(asked).toHaveLength(1);
});

test("closing the client rejects what is under way and leaves no connection", async () => {
  let closed: Promise<void> | undefined;
  const patient = await serve(() => {
    closed ??= patient.close();
  });

  const call = patient.admin.describeCluster();

  await expect(call).rejects.toMatchObject({ code: "CLOSED" });
  await closed;
  while (sockets.size > 0) await new Promise((resolve) => setImmediate(resolve));
});

test("a client that is used no more says so", async () => {
  const done = await serve(() => {});
  await done.close();

  await expect(done.admin.describeCluster()).rejects.toMatchObject({ code: "CLOSED" });
  expect(() => done.producer()).toThrow(expect.objectContaining({ code: "CLOSED" }));
});

test.each([[[]], [["no broker"]], [["ftp://broker"]]])(
  "brokers %j are refused at once",
  (brokers) => {
    expect(() => new Client({ brokers })).toThrow(
      expect.objectContaining({ code: "INVALID_OPTION" }),
    );
  },
);
