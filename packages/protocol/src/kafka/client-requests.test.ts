import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { encodeRequest, readRequest, readRequestHeader } from "./frame.ts";
import { MESSAGES_BY_KEY } from "./golden-frames.fixture.ts";

/** What clients have sent, byte for byte; see testdata/README.md. */
const FILE = join(__dirname, "../../testdata/client-requests.txt.gz");

type ClientRequest = {
  readonly client: string;
  readonly key: number;
  readonly version: number;
  /** Without its length. */
  readonly bytes: Buffer;
};

const REQUESTS: readonly ClientRequest[] = gunzipSync(readFileSync(FILE))
  .toString()
  .trimEnd()
  .split("\n")
  .map((line) => {
    const [name, release, key, version, hex = ""] = line.split(" ");
    const client = `${name} ${release}`;
    return { client, key: Number(key), version: Number(version), bytes: Buffer.from(hex, "hex") };
  });

/** Every client that produces, and reads in a group, sends these. */
const CALLS = [
  ...["ApiVersions", "Metadata", "Produce", "Fetch"],
  ...["FindCoordinator", "JoinGroup", "SyncGroup", "Heartbeat", "LeaveGroup"],
  ...["OffsetCommit", "OffsetFetch"],
];

const CLIENTS = [...new Set(REQUESTS.map(({ client }) => client))];

test.each(CLIENTS)("%s is understood, down to the last byte", (client) => {
  const ofClient = REQUESTS.filter((request) => request.client === client);
  const names: string[] = [];

  for (const { key, version, bytes } of ofClient) {
    const message = MESSAGES_BY_KEY.get(key);
    if (message === undefined) throw new Error(`${client} sends call ${key}`);
    const { header, reader } = readRequestHeader(bytes);
    expect(header).toMatchObject({ apiKey: key, apiVersion: version });
    if (version > message.versions[1]) {
      // The one call that a client may begin with in a version that nobody has told it of.
      expect(message.name).toBe("ApiVersions");
      continue;
    }
    const request = readRequest(message, header, reader);
    const written = Buffer.concat(encodeRequest(message, header, request)).subarray(4);

    const title = `${message.name} ${version}`;
    expect([title, reader.remaining]).toEqual([title, 0]);
    expect([title, written.toString("hex")]).toEqual([title, bytes.toString("hex")]);
    names.push(message.name);
  }

  expect(names).toEqual(expect.arrayContaining(CALLS));
});
