import { readdirSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { run } from "./command.ts";

/** Why open files cannot be limited on this machine, or nothing. */
export function openFilesFault(): string | undefined {
  try {
    run("prlimit", "--pid", String(process.pid), "--nofile");
    return undefined;
  } catch {
    return "prlimit (util-linux) is not installed";
  }
}

/**
 * Of a process that runs; what it has open already stays open. Its own ceiling stays, as only few may
 * raise that again. Answers what takes the limit away.
 */
export function limitOpenFiles(pid: number, files: number): () => void {
  const before = run("prlimit", "--pid", String(pid), "--nofile", "--raw", "--output", "SOFT");
  const limitTo = (soft: string) => run("prlimit", "--pid", String(pid), `--nofile=${soft}:`);
  limitTo(String(files));
  return () => limitTo(before.split("\n")[1]?.trim() ?? "");
}

export function openFilesOf(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

/** Connections that say nothing, and want to be accepted. */
export class IdleConnections {
  readonly #sockets: readonly Socket[];

  constructor(url: string, count: number) {
    const { hostname: host, port } = new URL(url);
    this.#sockets = Array.from({ length: count }, () => {
      const socket = connect({ host, port: Number(port) });
      socket.on("error", () => {});
      return socket;
    });
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}
