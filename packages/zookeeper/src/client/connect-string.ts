import { ZooKeeperError } from "../errors.ts";
import { znodePathFault } from "../znode-path.ts";

/** What `host:port,host:port/chroot` says. */
export type ConnectString = {
  /** At least one, in the order written. */
  readonly servers: readonly ServerAddress[];
  /** `"/a/b"`; `undefined` when znode paths start at the root. */
  readonly chroot: string | undefined;
};

export type ServerAddress = { readonly host: string; readonly port: number };

const DEFAULT_PORT = 2181;
const PORT_MAX = 65_535;
/** Host names and IPv4 addresses. */
const HOST = /^[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_.])?$/;
/** `zk1:2181/a,zk2:2181/a`: a znode may be called so, and nobody means it. */
const SERVER_IN_PATH = /,[^/,]+:\d+(?:[/,]|$)/;

/**
 * Reads ZooKeeper's connect string. The port may be left out (2181).
 *
 * @throws ZooKeeperError `INVALID_CONNECT_STRING`, also for IPv6 literals.
 */
export function parseConnectString(text: string): ConnectString {
  const slash = text.indexOf("/");
  const hosts = slash === -1 ? text : text.slice(0, slash);
  const path = slash === -1 ? "/" : text.slice(slash);
  const fault = znodePathFault(path);
  if (fault !== undefined) throw invalid(text, `its chroot "${path}" is no path: ${fault}`);
  if (SERVER_IN_PATH.test(path)) {
    const hint = "The chroot stands once, behind the last server.";
    throw invalid(text, `its chroot "${path}" names servers`, hint);
  }
  return {
    servers: hosts.split(",").map((server) => parseServer(text, server.trim())),
    chroot: path === "/" ? undefined : path,
  };
}

function parseServer(text: string, server: string): ServerAddress {
  if (server.startsWith("[") || server.split(":").length > 2) {
    throw invalid(
      text,
      `"${server}" is an IPv6 address`,
      "Use a host name or an IPv4 address; a host name may resolve to IPv6.",
    );
  }
  const [host = "", portText] = server.split(":");
  if (!HOST.test(host)) throw invalid(text, `"${server}" has no host name`);
  if (portText === undefined) return { host, port: DEFAULT_PORT };
  const port = /^\d{1,5}$/.test(portText) ? Number(portText) : 0;
  if (port < 1 || port > PORT_MAX) throw invalid(text, `"${server}" has no port of 1–${PORT_MAX}`);
  return { host, port };
}

function invalid(text: string, why: string, hint?: string): ZooKeeperError {
  return new ZooKeeperError({
    code: "INVALID_CONNECT_STRING",
    message: `cannot read the ZooKeeper connect string "${text}": ${why}`,
    hint: hint ?? "Write host:port,host:port/chroot.",
  });
}

/** The library wants one to begin with; it never sees the servers, and the chroot it prepends. */
export function libraryConnectString(target: ConnectString): string {
  return `unused:1${target.chroot ?? ""}`;
}
