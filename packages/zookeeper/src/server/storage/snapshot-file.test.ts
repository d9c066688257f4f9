import { DataTree } from "../tree/data-tree.ts";
import type { SessionId } from "../tree/transaction.ts";
import { FOLDER, newDisk } from "./recovery.fixture.ts";
import { readSnapshot, writeSnapshot } from "./snapshot-file.ts";

test("a snapshot holds more sessions than a call has arguments", async () => {
  const fileSystem = newDisk().mount();
  await fileSystem.makeDirectory(FOLDER);
  const sessions = Array.from({ length: 200_000 }, (_, i) => ({
    id: (i + 1) as SessionId,
    timeoutMs: 6_000,
    password: new Uint8Array(0),
  }));
  const znodes = DataTree.empty().beginSnapshot();

  const options = { folder: FOLDER, isAborted: () => false };
  await writeSnapshot(options, { zxid: 1, sessions, znodes }, fileSystem);
  const [name] = await fileSystem.readDirectory(FOLDER);
  const read = await readSnapshot(`${FOLDER}/${name}`, fileSystem);

  expect(read.sessions).toHaveLength(200_000);
});
