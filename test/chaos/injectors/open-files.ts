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

/** Of a process that runs; what it has open already stays open. */
export function limitOpenFiles(pid: number, files: number): void {
  run("prlimit", "--pid", String(pid), `--nofile=${files}:${files}`);
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
