import { createServer } from "node:net";

/**
 * Below the range from which Linux takes ports for outgoing connections (32768 and up): a server
 * that is stopped for a moment finds its port free when it comes back.
 */
const PORT_MIN = 15_000;
const PORT_MAX = 31_999;
const TRIES_MAX = 200;

const taken = new Set<number>();

/** Ports of 127.0.0.1 that are free now and that no other call in this process was given. */
export async function freeTcpPorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  for (let tries = 0; ports.length < count && tries < TRIES_MAX; tries++) {
    const port = PORT_MIN + Math.floor(Math.random() * (PORT_MAX - PORT_MIN));
    if (taken.has(port) || !(await isFree(port))) continue;
    taken.add(port);
    ports.push(port);
  }
  if (ports.length < count) throw new Error(`no ${count} free ports in ${PORT_MIN}–${PORT_MAX}`);
  return ports;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ port, host: "127.0.0.1" }, () => server.close(() => resolve(true)));
  });
}
