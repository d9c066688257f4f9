import { connect } from "node:net";

/**
 * Asks a ZooKeeper server one of its four letter words (`srvr`, `ruok`, …).
 *
 * @throws Error when nobody listens, or no whole answer came in `timeoutMs`.
 */
export function fourLetterWord(
  { host = "127.0.0.1", port }: { readonly host?: string; readonly port: number },
  word: string,
  timeoutMs = 2_000,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect({ port, host }, () => socket.write(word));
    const timer = setTimeout(() => socket.destroy(new Error(`no answer to ${word}`)), timeoutMs);
    socket.on("data", (chunk: Buffer) => chunks.push(chunk));
    socket.once("error", reject);
    socket.once("close", () => {
      clearTimeout(timer);
      resolve(Buffer.concat(chunks).toString("utf8"));
    });
  });
}

/** `"standalone"`, `"leader"`, `"follower"`; `undefined` while the server serves nobody. */
export async function servingMode(server: {
  readonly host?: string;
  readonly port: number;
}): Promise<string | undefined> {
  try {
    return /^Mode: (\w+)$/m.exec(await fourLetterWord(server, "srvr"))?.[1];
  } catch {
    return undefined;
  }
}
