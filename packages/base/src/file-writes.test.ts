import { writeFully } from "./file-writes.ts";
import type { FileHandle } from "./ports/file-system.ts";

/** A file that takes at most `bytesPerWrite` bytes a call and `capacity` in all. */
function shortWritingFile(options: { bytesPerWrite: number; capacity: number }) {
  const contents = new Uint8Array(options.capacity);
  const file = {
    path: "short",
    write: async (chunks: readonly Uint8Array[], position: number) => {
      const bytes = Buffer.concat(chunks);
      const room = Math.max(0, options.capacity - position);
      const taken = bytes.subarray(0, Math.min(options.bytesPerWrite, room));
      contents.set(taken, position);
      return taken.length;
    },
  } as unknown as FileHandle;
  return { file, contents };
}

test("short writes are continued until every byte is written", async () => {
  const { file, contents } = shortWritingFile({ bytesPerWrite: 3, capacity: 10 });

  const end = await writeFully(
    file,
    [Buffer.from("ab"), Buffer.from("cdefg"), Buffer.from("hij")],
    0,
  );

  expect(end).toBe(10);
  expect(Buffer.from(contents).toString()).toBe("abcdefghij");
});

test("a write that takes nothing is a full disk", async () => {
  const { file } = shortWritingFile({ bytesPerWrite: 100, capacity: 4 });

  await expect(writeFully(file, [Buffer.from("abcdefgh")], 0)).rejects.toMatchObject({
    code: "ENOSPC",
    retriable: true,
  });
});
