import { run, tryRun } from "./command.ts";
import { RUN_NAME } from "./run-name.ts";

/** Where a process lives: its address, and what it is started by to live there. */
export type Host = { readonly address: string; readonly prefix: readonly string[] };

export const LOOPBACK: Host = { address: "127.0.0.1", prefix: [] };

/** Private and seldom used: RFC 2544's range for measurements of networks. */
const SUBNET = "198.18.77";

type Namespace = Host & { readonly name: string; readonly link: string };

/**
 * Hosts as Linux network namespaces on a bridge; this process lives at the bridge itself. Between any
 * two of them packets can be dropped, in one direction or both, while all sockets stay as they are.
 */
export class Namespaces {
  readonly #bridge: string;
  readonly #namespaces: readonly Namespace[];
  readonly #onExit = (): void => this.close();

  private constructor(bridge: string, namespaces: readonly Namespace[]) {
    this.#bridge = bridge;
    this.#namespaces = namespaces;
  }

  /** Why there can be none on this machine, or nothing. */
  static fault(): string | undefined {
    if (process.getuid?.() !== 0) return "network namespaces need root";
    try {
      run("ip", "netns", "list");
      run("iptables", "--version");
      return undefined;
    } catch {
      return "ip and iptables (iproute2, iptables) are not installed";
    }
  }

  static create(hosts: number): Namespaces {
    const namespaces = Array.from({ length: hosts }, (_, index): Namespace => {
      const name = `${RUN_NAME}-${index}`;
      const prefix = ["ip", "netns", "exec", name];
      return { name, link: `${RUN_NAME}v${index}`, address: `${SUBNET}.${index + 10}`, prefix };
    });
    const created = new Namespaces(`${RUN_NAME}br`, namespaces);
    try {
      created.#open();
      return created;
    } catch (error) {
      created.close();
      throw error;
    }
  }

  /** The address of this process, as the hosts see it. */
  get ownAddress(): string {
    return `${SUBNET}.1`;
  }

  host(index: number): Host {
    return this.#namespace(index);
  }

  /** Drops every packet between two hosts; the number of one, and addresses of the others. */
  cut(index: number, others: readonly string[]): void {
    this.cutIncoming(index, others);
    for (const other of others) this.#drop(index, "OUTPUT", ["-d", other]);
  }

  /** Drops what comes from the others; what goes to them arrives. */
  cutIncoming(index: number, others: readonly string[]): void {
    for (const other of others) this.#drop(index, "INPUT", ["-s", other]);
  }

  /** Answers whatever the others send by an end of the connection. */
  resetIncoming(index: number, others: readonly string[]): void {
    const answer = ["-j", "REJECT", "--reject-with", "tcp-reset"];
    for (const other of others) this.#rule(index, "INPUT", ["-p", "tcp", "-s", other, ...answer]);
  }

  /** Drops a share (0 to 1) of everything that comes in, drawn by the kernel. */
  loseIncoming(index: number, share: number): void {
    const statistic = ["-m", "statistic", "--mode", "random", "--probability", String(share)];
    this.#drop(index, "INPUT", statistic);
  }

  /** Everything arrives again. */
  heal(): void {
    for (const { prefix } of this.#namespaces) run(...prefix, "iptables", "-F");
  }

  /** Removes what was made; processes that live there have to be gone. Idempotent. */
  close(): void {
    process.removeListener("exit", this.#onExit);
    for (const { name } of this.#namespaces) tryRun("ip", "netns", "delete", name);
    tryRun("iptables", "-D", "FORWARD", ...this.#betweenHosts, "-j", "ACCEPT");
    tryRun("ip", "link", "delete", this.#bridge);
  }

  get #betweenHosts(): readonly string[] {
    return ["-i", this.#bridge, "-o", this.#bridge];
  }

  #open(): void {
    process.once("exit", this.#onExit);
    run("ip", "link", "add", this.#bridge, "type", "bridge");
    run("ip", "address", "add", `${this.ownAddress}/24`, "dev", this.#bridge);
    run("ip", "link", "set", this.#bridge, "up");
    // Where a container engine is or was, packets of bridges are not forwarded unless allowed.
    run("iptables", "-I", "FORWARD", ...this.#betweenHosts, "-j", "ACCEPT");
    for (const { name, link, address, prefix } of this.#namespaces) {
      run("ip", "netns", "add", name);
      run("ip", "link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", name);
      run("ip", "link", "set", link, "master", this.#bridge, "up");
      run(...prefix, "ip", "address", "add", `${address}/24`, "dev", "eth0");
      run(...prefix, "ip", "link", "set", "lo", "up");
      run(...prefix, "ip", "link", "set", "eth0", "up");
    }
  }

  #drop(index: number, chain: "INPUT" | "OUTPUT", match: readonly string[]): void {
    this.#rule(index, chain, [...match, "-j", "DROP"]);
  }

  #rule(index: number, chain: "INPUT" | "OUTPUT", rule: readonly string[]): void {
    run(...this.#namespace(index).prefix, "iptables", "-A", chain, ...rule);
  }

  #namespace(index: number): Namespace {
    const namespace = this.#namespaces[index];
    if (namespace === undefined) throw new RangeError(`there is no host ${index}`);
    return namespace;
  }
}
