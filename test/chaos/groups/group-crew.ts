import { join } from "node:path";
import type { GroupEntry } from "@zoolog/testkit";
import type { MemberPlan } from "./member-plan.ts";
import { MemberProcess } from "./member-process.ts";

/** All members of the group, those that are gone included. */
export class GroupCrew {
  readonly #plan: Omit<MemberPlan, "name" | "historyFile">;
  readonly #folder: string;
  readonly #all: MemberProcess[] = [];
  #isFast = false;

  constructor(
    plan: Omit<MemberPlan, "name" | "historyFile">,
    options: { readonly folder: string },
  ) {
    this.#plan = plan;
    this.#folder = options.folder;
  }

  /** Members that run, frozen ones included. */
  get members(): readonly MemberProcess[] {
    return this.#all.filter(({ isThere }) => isThere);
  }

  get logFile(): string {
    return join(this.#folder, "members.log");
  }

  get unexpectedExits(): readonly string[] {
    return this.#all.flatMap(({ unexpectedExit }) => unexpectedExit ?? []);
  }

  add(): MemberProcess {
    const name = `m${this.#all.length + 1}`;
    const historyFile = join(this.#folder, `${name}.history`);
    const plan = { ...this.#plan, name, historyFile };
    const member = new MemberProcess(plan, { logFile: this.logFile });
    this.#all.push(member);
    if (this.#isFast) member.tell("fast");
    return member;
  }

  /** Nobody waits for the pace any more; those that were frozen go on. */
  hurry(): void {
    this.#isFast = true;
    for (const member of this.members) {
      member.thaw();
      member.tell("fast");
    }
  }

  async leave(): Promise<void> {
    await Promise.all(this.members.map((member) => member.leave()));
  }

  async kill(): Promise<void> {
    await Promise.all(this.members.map((member) => member.kill()));
  }

  entries(): GroupEntry[] {
    return this.#all.flatMap((member) => member.entries());
  }
}
