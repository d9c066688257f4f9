import { DataTree, type LoggedTransaction, WatchRegistry } from "@zoolog/zookeeper";
import type { SimulatedProcess } from "../schedule/simulated-process.ts";
import { ClientFront, type Replica } from "./client-front.ts";
import {
  CLIENT_PORT,
  type EnsemblePorts,
  type ForwardedItem,
  LEADER_PORT,
  type ServerMessage,
} from "./ensemble-ports.ts";
import { LeaderTerm, SYNC_LIMIT_TICKS } from "./leader-term.ts";
import type { StreamEnd } from "./simulated-streams.ts";

type Role = "down" | "looking" | "following" | "leading";

type FromLeader = Extract<ServerMessage, { readonly kind: "leader" }>;

/** One server of an ensemble: what its disk holds, and what it is at the moment. */
export class SimulatedServer {
  readonly name: string;
  readonly #ports: EnsemblePorts;
  readonly #newProcess: () => SimulatedProcess;
  #process: SimulatedProcess | undefined;
  #role: Role = "down";
  /** Promised: leaders of earlier ones are not listened to. */
  #epoch = 0;
  #log: LoggedTransaction[] = [];
  #durable = 0;
  #term: LeaderTerm | undefined;
  #leader: string | undefined;
  #heardAt = 0;
  /** Of the leader that is followed, how much it last said is committed. */
  #heardCommitted = 0;
  /** Whose log ours agrees with. */
  #syncedEpoch = 0;
  #replica: { -readonly [K in keyof Replica]: Replica[K] } = emptyReplica();
  readonly #fronts = new Set<ClientFront>();
  /** From hearing of a commit until clients here can read it: a slow follower. */
  applyDelayMs = 0;

  constructor(name: string, newProcess: () => SimulatedProcess, ports: EnsemblePorts) {
    this.name = name;
    this.#newProcess = newProcess;
    this.#ports = ports;
  }

  get role(): Role {
    return this.#role;
  }

  get process(): SimulatedProcess | undefined {
    return this.#process;
  }

  /** It answers clients. */
  get isServing(): boolean {
    if (this.#process?.isPaused !== false) return false;
    return this.#role === "leading" ? this.#term?.isServing === true : this.#leader !== undefined;
  }

  get epoch(): number {
    return this.#epoch;
  }

  /** Names of the processes that are connected here. */
  get clients(): readonly string[] {
    return [...this.#fronts].map(({ client }) => client);
  }

  /** The newest transaction on its disk. */
  get lastLogged(): number {
    return this.#log[this.#durable - 1]?.zxid ?? 0;
  }

  /** What clients read here. */
  get replica(): Replica {
    return this.#replica;
  }

  start(): void {
    if (this.#process !== undefined) return;
    const process = this.#newProcess();
    this.#process = process;
    this.#log = this.#log.slice(0, this.#durable);
    this.#replica = emptyReplica();
    this.#syncedEpoch = 0;
    process.scheduler.every(this.#ports.tickTimeMs / 4, () => this.#tick());
    this.#ports.streams.listen(process, CLIENT_PORT, (stream) =>
      this.#acceptClient(stream as unknown as StreamEnd<Buffer>),
    );
    this.#ports.streams.listen(process, LEADER_PORT, (stream) => {
      const forwarded = stream as unknown as StreamEnd<ForwardedItem>;
      if (this.#term === undefined) forwarded.reset();
      else this.#term.accept(forwarded);
    });
    this.#look();
  }

  stop(kind: "process" | "power"): void {
    const process = this.#process;
    if (process === undefined) return;
    if (kind === "process") this.#ports.streams.reset(process);
    else this.#ports.streams.vanish(process);
    process.kill();
    this.#process = undefined;
    this.#role = "down";
    this.#leader = undefined;
    this.#term = undefined;
    this.#fronts.clear();
  }

  /** Listens to no leader of an earlier epoch from now on. */
  promise(epoch: number): void {
    this.#epoch = epoch;
    this.#heardAt = this.#now();
  }

  lead(epoch: number): void {
    const process = this.#process;
    if (process === undefined) return;
    // What is not on disk yet has been promised to nobody.
    this.#log = this.#log.slice(0, this.#durable);
    this.#role = "leading";
    this.#leader = this.name;
    this.#syncedEpoch = epoch;
    const term = new LeaderTerm(epoch, {
      ...{ name: this.name, process, log: this.#log, ports: this.#ports },
      applyTo: (length, zxid) => this.#applyTo(length, zxid),
      synced: (done) => this.#sync(done),
      steppedDown: () => this.#look(),
    });
    this.#term = term;
    term.begin();
  }

  receive(message: ServerMessage): void {
    if (message.epoch < this.#epoch) return;
    if (message.kind === "leader") this.#follow(message);
    else if (this.#term?.epoch === message.epoch) {
      this.#term.acknowledged(message.from, message.length);
    }
  }

  #tick(): void {
    for (const front of [...this.#fronts]) front.look();
    if (this.#role === "leading") this.#term?.tick();
    if (this.#role !== "following") return;
    const limitMs = SYNC_LIMIT_TICKS * this.#ports.tickTimeMs;
    if (this.#now() - this.#heardAt > limitMs) this.#look();
  }

  /** Without a leader nobody is served. */
  #look(): void {
    this.#role = "looking";
    this.#leader = undefined;
    this.#term?.end();
    this.#term = undefined;
    this.#closeFronts();
    this.#ports.looking();
  }

  #closeFronts(): void {
    for (const front of [...this.#fronts]) front.close();
  }

  #follow(message: FromLeader): void {
    if (this.#role === "leading") this.#look();
    this.#role = "following";
    this.#epoch = message.epoch;
    this.#heardAt = this.#now();
    const isCommitAlone = this.#isCommitAlone(message);
    this.#takeLog(message);
    if (!isCommitAlone) this.#acknowledge(message);
    const { epoch, committed, zxid } = message;
    this.#heardCommitted = committed ?? 0;
    if (committed === undefined) return;
    const apply = (): void => {
      if (this.#epoch !== epoch || this.#role !== "following") return;
      this.#applyTo(committed, zxid);
      this.#leader = message.leader;
    };
    if (this.applyDelayMs === 0) apply();
    else this.#process?.scheduler.after(this.applyDelayMs, apply);
  }

  /** As of ZooKeeper's COMMIT, nobody waits for an answer to it; a tick brings it all once more. */
  #isCommitAlone({ epoch, length, committed = 0 }: FromLeader): boolean {
    const isKnown = this.#syncedEpoch === epoch && this.#log.length === length;
    return isKnown && committed > this.#heardCommitted;
  }

  #acknowledge({ epoch, leader }: FromLeader): void {
    this.#sync((length) => {
      if (this.#epoch !== epoch || this.#role !== "following") return;
      this.#ports.send(this.name, leader, { kind: "ack", epoch, from: this.name, length });
    });
  }

  #takeLog({ epoch, log, length }: FromLeader): void {
    if (this.#syncedEpoch !== epoch) {
      let common = Math.min(this.#log.length, length);
      while (common > 0 && this.#log[common - 1] !== log[common - 1]) common -= 1;
      this.#log = this.#log.slice(0, common);
      this.#durable = Math.min(this.#durable, common);
      this.#syncedEpoch = epoch;
      this.#leader = undefined;
      this.#closeFronts();
    }
    for (let next = this.#log.length; next < length; next++) {
      const logged = log[next];
      if (logged !== undefined) this.#log.push(logged);
    }
  }

  /** The disk has what was appended before. */
  #sync(done: (length: number) => void): void {
    const process = this.#process;
    if (process === undefined) return;
    const { length } = this.#log;
    const log = this.#log;
    if (length <= this.#durable) {
      done(length);
      return;
    }
    process.scheduler.after(0.1 + process.random.next(), () => {
      if (this.#log !== log) return;
      this.#durable = Math.max(this.#durable, length);
      done(length);
    });
  }

  #applyTo(length: number, zxid: number): void {
    const replica = this.#replica;
    while (replica.applied < length) {
      const logged = this.#log[replica.applied];
      if (logged === undefined) return;
      replica.applied += 1;
      replica.zxid = Math.max(replica.zxid, logged.zxid);
      replica.tree.apply(logged, (event) => replica.watches.fire(event));
    }
    replica.zxid = Math.max(replica.zxid, zxid);
    for (const front of [...this.#fronts]) front.drain();
  }

  #acceptClient(stream: StreamEnd<Buffer>): void {
    const process = this.#process;
    const leader =
      this.#role === "leading" && this.#term?.isServing !== true ? undefined : this.#leader;
    if (process === undefined || leader === undefined) {
      stream.end();
      return;
    }
    const front = new ClientFront(stream, {
      ...{ process, leader, ports: this.#ports, replica: this.#replica },
      ended: (ended) => this.#fronts.delete(ended),
    });
    this.#fronts.add(front);
  }

  #now(): number {
    return this.#process?.clock.monotonic() ?? 0;
  }
}

function emptyReplica(): { -readonly [K in keyof Replica]: Replica[K] } {
  return { tree: DataTree.empty(), watches: new WatchRegistry(), applied: 0, zxid: 0 };
}
