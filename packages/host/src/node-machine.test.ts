import { spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, mkdtemp, readFile, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { nodeMachine } from "./node-machine.ts";

test("a running process has an identity that stays, a dead one has none", async () => {
  const child = spawn(process.execPath, ["-e", "setTimeout(() => {}, 60_000)"]);
  await once(child, "spawn");
  const pid = child.pid!;

  const first = await nodeMachine.processIdentity(pid);
  const second = await nodeMachine.processIdentity(pid);
  child.kill("SIGKILL");
  await once(child, "exit");

  expect(first).toBeDefined();
  expect(second).toBe(first);
  expect(await nodeMachine.processIdentity(pid)).toBeUndefined();
});

test("a process that ended and whose parent does not ask for its exit code counts as dead", async () => {
  if (process.platform !== "linux") return; // Elsewhere nobody tells.
  // A shell that starts a child and then becomes a program that reaps nobody.
  const parent = spawn("sh", ["-c", "sleep 60 & echo $!; exec sleep 60"], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  try {
    const [line] = (await once(parent.stdout, "data")) as [Buffer];
    const pid = Number(line.toString());
    await until(async () => (await procFile(parent.pid!, "comm")).startsWith("sleep"));
    process.kill(pid, "SIGKILL");
    await until(async () => (await procFile(pid, "stat")).includes(") Z "));

    expect(() => process.kill(pid, 0)).not.toThrow();
    expect(await nodeMachine.processIdentity(pid)).toBeUndefined();
  } finally {
    parent.kill("SIGKILL");
    await once(parent, "exit");
  }
});

const procFile = (pid: number, name: string) => readFile(`/proc/${pid}/${name}`, "utf8");

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setImmediate(resolve));
}

test("a folder keeps its identity while it is renamed, and a copy of it has another", async () => {
  const place = await mkdtemp(join(tmpdir(), "zoolog-folder-"));
  try {
    await mkdir(join(place, "data"));
    const original = await nodeMachine.folderIdentity(join(place, "data"));
    await cp(join(place, "data"), join(place, "copy"), { recursive: true });
    await rename(join(place, "data"), join(place, "moved"));

    expect(original).toBeDefined();
    expect(await nodeMachine.folderIdentity(join(place, "moved"))).toBe(original);
    expect(await nodeMachine.folderIdentity(join(place, "copy"))).not.toBe(original);
  } finally {
    await rm(place, { recursive: true });
  }
});

test("this process is running, and the boot id does not change while it does", async () => {
  expect(await nodeMachine.processIdentity(nodeMachine.pid)).toBeDefined();
  expect(await nodeMachine.bootId()).toBe(await nodeMachine.bootId());
});
