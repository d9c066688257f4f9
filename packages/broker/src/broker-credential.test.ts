import { brokerEpoch, brokerId, type LogFields, type Logger, silentLogger } from "@zoolog/base";
import { ManualTime } from "@zoolog/testkit";
import { BrokerCredentials } from "./broker-credential.ts";

const SECRET = Buffer.alloc(32, 1).toString("base64url");
const life = { brokerId: brokerId(3), brokerEpoch: brokerEpoch(2 ** 40) };

function knownBy(cluster: { clusterId?: string; secret?: string } = {}) {
  const { clock, scheduler, ...time } = new ManualTime();
  const warnings: [string, LogFields | undefined][] = [];
  const logger: Logger = { ...silentLogger, warn: (what, fields) => warnings.push([what, fields]) };
  const credentials = new BrokerCredentials(
    { clusterId: "cluster", secret: SECRET, ...cluster },
    { clock, logger },
  );
  return { credentials, warnings, time, scheduler };
}

test("a broker of the cluster is known by its credential, with the life it is in", () => {
  const { credentials, warnings } = knownBy();

  const shown = knownBy().credentials.of(life);

  expect(shown).toMatch(/^3\.1099511627776\.[\w-]{43}$/);
  expect(credentials.brokerOf(shown, "")).toEqual({ kind: "broker", ...life });
  expect(warnings).toEqual([]);
});

test("a proof is worth nothing for another broker, life, cluster or secret", () => {
  const { credentials } = knownBy();
  const [id, epoch, proof] = credentials.of(life).split(".");
  const others = knownBy({ secret: Buffer.alloc(32, 2).toString("base64url") }).credentials;
  const elsewhere = knownBy({ clusterId: "another" }).credentials;

  const forged = [
    `4.${epoch}.${proof}`,
    `${id}.${Number(epoch) + 1}.${proof}`,
    `03.${epoch}.${proof}`,
    `31.${String(epoch).slice(1)}.${proof}`,
    others.of(life),
    elsewhere.of(life),
  ];

  for (const credential of forged) expect(credentials.brokerOf(credential, "")).toBeUndefined();
});

test.each([
  "",
  "..",
  "3.5",
  "3.5.",
  `3.5.${"A".repeat(43)}`,
  `3.5.${"A".repeat(44)}`,
  `-1.5.${"A".repeat(43)}`,
  "x".repeat(10_000),
])("%j is no credential", (credential) => {
  expect(knownBy().credentials.brokerOf(credential, "")).toBeUndefined();
});

test("numbers that a proof covers and no broker has are refused, not taken for a fault of ours", () => {
  const { credentials } = knownBy();
  const odd = [
    { brokerId: 2 ** 31, brokerEpoch: 1 },
    { brokerId: 1, brokerEpoch: 9_999_999_999_999_998 },
  ];

  for (const broker of odd) {
    const shown = credentials.of(broker as never);
    expect(credentials.brokerOf(shown, "")).toBeUndefined();
  }
});

test("who does not know the secret is logged, and not at every call", () => {
  const { credentials, warnings } = knownBy();

  for (let i = 0; i < 100; i++) credentials.brokerOf("4.5.AAAA", "10.0.0.9");
  credentials.refusedBy("http://other:8092", brokerId(3));

  expect(warnings).toEqual([
    [
      expect.stringContaining("belongs to another cluster"),
      { remoteAddress: "10.0.0.9", clusterId: "cluster" },
    ],
  ]);
});

test("what one life has shown is known for it alone, however many others are remembered", () => {
  const { credentials } = knownBy();
  const shown = credentials.of(life);
  const lives = Array.from({ length: 1_100 }, (_, id) => ({ ...life, brokerId: brokerId(id) }));

  for (const other of lives) {
    const theirs = credentials.of(other);
    expect(credentials.brokerOf(theirs, "")).toEqual({ kind: "broker", ...other });
    const borrowed = theirs.replace(/[\w-]{43}$/, shown.slice(-43));
    const isOurs = other.brokerId === life.brokerId;
    expect(credentials.brokerOf(borrowed, "") !== undefined).toBe(isOurs);
  }
});
