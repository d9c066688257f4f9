import { ZoologError } from "@zoolog/base";

const NEWLINE = 0x0a;

/**
 * The lines of a stream of bytes, without their line ends; the rest after the last line end is a
 * line when it is not empty. Nothing is decoded: any bytes but the newline pass unchanged. Lines are
 * views over the chunks they came in.
 *
 * @throws ZoologError `MESSAGE_TOO_LARGE` for a line longer than `lineBytesMax`: no line end in
 *   sight must not fill the memory.
 */
export async function* linesOf(
  chunks: AsyncIterable<Uint8Array>,
  lineBytesMax: number,
): AsyncGenerator<Uint8Array[], void, undefined> {
  let rest: Uint8Array[] = [];
  let restBytes = 0;
  let lineNumber = 1;
  const requireFit = (bytes: number): void => {
    if (bytes <= lineBytesMax) return;
    throw new ZoologError({
      code: "MESSAGE_TOO_LARGE",
      message: `line ${lineNumber} has more than ${lineBytesMax} bytes`,
      hint: "Is this text with line ends? --input raw sends all of it as one record.",
    });
  };
  for await (const chunk of chunks) {
    const lines: Uint8Array[] = [];
    let start = 0;
    for (;;) {
      const end = chunk.indexOf(NEWLINE, start);
      if (end < 0) break;
      requireFit(restBytes + end - start);
      const piece = chunk.subarray(start, end);
      lines.push(restBytes === 0 ? piece : Buffer.concat([...rest, piece]));
      rest = [];
      restBytes = 0;
      start = end + 1;
      lineNumber += 1;
    }
    if (start < chunk.length) {
      rest.push(chunk.subarray(start));
      restBytes += chunk.length - start;
      requireFit(restBytes);
    }
    if (lines.length > 0) yield lines;
  }
  if (restBytes > 0) yield [Buffer.concat(rest)];
}
