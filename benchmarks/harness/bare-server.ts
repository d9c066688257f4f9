/**
 * The ceiling of HTTP on this machine: a fastify route without any broker behind it, in a process
 * of its own. It takes a body and writes it to a file in one vectored write, or serves prepared
 * bytes. This file is also what that process runs.
 */
import { spawn } from "node:child_process";
import { writev } from "node:fs";
import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { fastify } from "fastify";

export type BareServer = {
  readonly url: string;
  readonly pid: number;
  readonly close: () => Promise<void>;
};

const ROLE = "ZOOLOG_BARE_SERVER";
const MSGPACK = "application/msgpack";
/** The file is written over from its start at this size: the page cache, not the disk, is measured. */
const FILE_BYTES_MAX = 256 * 1024 * 1024;

export async function startBareServer(): Promise<BareServer> {
  const args = [
    "--conditions=zoolog-source",
    "--import",
    "tsx",
    "benchmarks/harness/bare-server.ts",
  ];
  const child = spawn(process.execPath, args, {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, [ROLE]: "1" },
  });
  const gone = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const url = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).once("line", resolve);
    void gone.then(() => reject(new Error("the bare server did not start")));
  });
  const close = async (): Promise<void> => {
    child.kill("SIGTERM");
    await gone;
  };
  return { url, pid: child.pid ?? -1, close };
}

async function serve(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "zoolog-bench-"));
  const file = await open(join(folder, "bare"), "w");
  const write = promisify(writev);
  let position = 0;
  let kept: Buffer = Buffer.alloc(0);
  const app = fastify({ bodyLimit: 64 * 1024 * 1024 });
  app.addContentTypeParser(MSGPACK, { parseAs: "buffer" }, (_request, body, done) =>
    done(null, body),
  );
  app.post("/write", async (request, reply) => {
    const body = request.body as Buffer;
    const at = position;
    position = (position + body.length) % FILE_BYTES_MAX;
    await write(file.fd, [body], at);
    return reply.type(MSGPACK).send(Buffer.of(0x80));
  });
  app.post("/keep", async (request, reply) => {
    kept = Buffer.from(request.body as Buffer);
    return reply.type(MSGPACK).send(Buffer.of(0x80));
  });
  app.post("/read", async (_request, reply) => reply.type(MSGPACK).send(kept));
  process.once("SIGTERM", () => {
    void file
      .close()
      .then(() => rm(folder, { recursive: true, force: true }))
      .then(() => process.exit(0));
  });
  process.stdout.write(`${await app.listen({ port: 0, host: "127.0.0.1" })}\n`);
}

if (process.env[ROLE] !== undefined) await serve();
