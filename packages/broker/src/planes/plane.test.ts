import { deferred } from "@zoolog/base";
import { type Plane, Planes } from "./plane.ts";

function planeAt(port: number, closing: Promise<void> = Promise.resolve()) {
  const happened: string[] = [];
  const plane: Plane = {
    listen: async () => {
      happened.push("listens");
      return [{ listener: `L${port}`, host: "h", port }];
    },
    close: () => {
      happened.push("closes");
      return closing;
    },
  };
  return { plane, happened };
}

test("planes are known by the listeners of all of them", async () => {
  const planes = new Planes([planeAt(1).plane, planeAt(2).plane]);

  const listening = await planes.listen();

  expect(listening.map(({ listener, port }) => [listener, port])).toEqual([
    ["L1", 1],
    ["L2", 2],
  ]);
});

test("a plane that takes long to close, or cannot, keeps no other open", async () => {
  const slow = deferred<void>();
  const [first, second] = [planeAt(1, slow.promise), planeAt(2)];

  const closing = new Planes([first.plane, second.plane]).close();
  const meanwhile = [first.happened, second.happened].flat();
  slow.reject(new Error("cannot close"));

  expect(meanwhile).toEqual(["closes", "closes"]);
  await expect(closing).rejects.toThrow("cannot close");
});
