import { spawn } from "node:child_process";
import { once } from "node:events";
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

test("this process is running, and the boot id does not change while it does", async () => {
  expect(await nodeMachine.processIdentity(nodeMachine.pid)).toBeDefined();
  expect(await nodeMachine.bootId()).toBe(await nodeMachine.bootId());
});
