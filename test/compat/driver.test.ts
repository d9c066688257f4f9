import { Driver, NotOffered } from "./driver.ts";

/** A client's program that does what its calls are named. */
const PROGRAM = `
  const { createInterface } = require("node:readline");
  const say = (answer) => process.stdout.write(JSON.stringify(answer) + "\\n");
  createInterface({ input: process.stdin }).on("line", (line) => {
    const { id, op, ...args } = JSON.parse(line);
    if (op === "echo") say({ id, result: args });
    if (op === "fail") say({ id, error: "broken pipe" });
    if (op === "lack") say({ id, unsupported: "has no such call" });
    if (op === "chat") { console.log("{not JSON}"); console.log('{"level":"INFO"}'); say({ id, result: 1 }); }
    if (op === "die") { process.stderr.write("out of memory"); process.exit(1); }
  });
`;

let driver: Driver;

beforeEach(() => {
  const command = { program: process.execPath, args: ["-e", PROGRAM], folder: "." };
  driver = Driver.start(command, "127.0.0.1:1");
});

afterEach(() => driver.close());

test("a call gets the answer of its own number", async () => {
  const [one, two] = [driver.call("echo", { text: "1" }), driver.call("echo", { text: "2" })];

  expect([await one, await two]).toEqual([{ text: "1" }, { text: "2" }]);
});

test("what the client says is thrown, and what it lacks is told apart", async () => {
  await expect(driver.call("fail")).rejects.toThrow("broken pipe");
  await expect(driver.call("fail")).rejects.not.toBeInstanceOf(NotOffered);
  await expect(driver.call("lack")).rejects.toBeInstanceOf(NotOffered);
  expect(driver.isUsable).toBe(true);
});

test("what a client prints besides answers is passed over", async () => {
  await expect(driver.call("chat")).resolves.toBe(1);
});

test("a call without an answer ends in time, and the program is of no use any more", async () => {
  await expect(driver.call("ponder", {}, 50)).rejects.toThrow("no answer to ponder within 50 ms");
  expect(driver.isUsable).toBe(false);
  await expect(driver.call("echo")).rejects.toThrow("the program is gone");
});

test("a program that dies says why to everybody who waits", async () => {
  const waiting = driver.call("ponder");

  await expect(driver.call("die")).rejects.toThrow("the program ended: out of memory");
  await expect(waiting).rejects.toThrow("the program ended: out of memory");
});
