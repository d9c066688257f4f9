/** Connections that stay up while nothing comes: what a broker's calls make of them. */
import { createServer, type Server, type Socket } from "node:net";
import { HttpTransport } from "@zoolog/calls";
import { systemScheduler } from "@zoolog/host";

const BEGINS_MS = 200;

let server: Server | undefined;
const sockets = new Set<Socket>();
const transport = new HttpTransport(
  { owner: "broker", clientId: "test", connectTimeoutMs: 2_000 },
  { scheduler: systemScheduler },
);

afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => server?.close(resolve));
});
afterAll(() => transport.close());

/** Asks a server that treats the request as told. */
async function ask(answer: (socket: Socket) => void) {
  server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.once("data", () => answer(socket));
  });
  await new Promise<void>((resolve) => server!.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  return transport.post({
    endpoint: `http://127.0.0.1:${port}`,
    path: "/v1/replicate",
    contentType: "application/msgpack",
    body: [Buffer.from("x")],
    timeoutMs: 60_000,
    answerBeginsMs: BEGINS_MS,
  });
}

const HEAD = "HTTP/1.1 200 OK\r\ncontent-type: application/msgpack\r\ncontent-length: 4\r\n\r\n";

test("an answer that does not begin in time is given up, long before it had to be whole", async () => {
  await expect(ask(() => {})).rejects.toMatchObject({
    code: "REQUEST_TIMED_OUT",
    message: expect.stringContaining(`within ${BEGINS_MS} ms`),
  });
});

test("an answer that has begun may take longer to be whole", async () => {
  const { body } = await ask((socket) => {
    socket.write(HEAD);
    setTimeout(() => socket.write("late"), 2 * BEGINS_MS);
  });

  expect(body.toString()).toBe("late");
});
