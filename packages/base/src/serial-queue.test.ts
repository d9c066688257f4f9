import { deferred } from "./deferred.ts";
import { SerialQueue } from "./serial-queue.ts";

test("tasks run one after the other in the order given", async () => {
  const queue = new SerialQueue({ waitingMax: 10 });
  const gate = deferred<void>();
  const order: string[] = [];

  const first = queue.run(async () => {
    await gate.promise;
    order.push("first");
  });
  const second = queue.run(() => order.push("second"));
  gate.resolve();
  await Promise.all([first, second]);

  expect(order).toEqual(["first", "second"]);
  expect(queue.size).toBe(0);
});

test("a failed task reports to its caller and does not stop the next one", async () => {
  const queue = new SerialQueue({ waitingMax: 10 });

  const failed = queue.run(() => {
    throw new Error("broken");
  });
  const next = queue.run(() => "done");

  await expect(failed).rejects.toThrow("broken");
  await expect(next).resolves.toBe("done");
});

test("a full queue refuses with a retriable error", async () => {
  const queue = new SerialQueue({ waitingMax: 1 });
  const gate = deferred<void>();
  const running = queue.run(() => gate.promise);

  await expect(queue.run(() => "refused")).rejects.toMatchObject({
    code: "QUEUE_FULL",
    retriable: true,
  });
  gate.resolve();
  await running;
});
