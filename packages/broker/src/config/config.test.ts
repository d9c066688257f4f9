import { parseBrokerConfig, parseConfigFile, settingsFromEnvironment } from "./config.ts";
import type { SettingSource } from "./read-settings.ts";

const required: SettingSource = {
  from: "test",
  settings: { "broker.id": 1, "data.dir": "/data", "zookeeper.connect": "localhost:2181" },
};

function faultsOf(...sources: SettingSource[]): string {
  try {
    parseBrokerConfig(sources);
  } catch (error) {
    expect(error).toMatchObject({ code: "INVALID_CONFIG", hint: expect.any(String) });
    return (error as Error).message;
  }
  throw new Error("the configuration was accepted");
}

test("what is not given has its default", () => {
  const config = parseBrokerConfig([required]);

  expect(config).toMatchObject({
    brokerId: 1,
    httpHost: "127.0.0.1",
    httpPort: 8092,
    logFlush: "os",
    autoCreateTopicsEnable: true,
    logRetentionBytes: undefined,
  });
});

test("flags win over the environment, and the environment over the file", async () => {
  const config = parseBrokerConfig([
    required,
    await parseConfigFile("http.port: 1\nnum.partitions: 2\nlog.flush: fsync\n", "broker.yaml"),
    settingsFromEnvironment({ ZOOLOG_HTTP_PORT: "3", ZOOLOG_NUM_PARTITIONS: "4", PATH: "/bin" }),
    { from: "flag", settings: { "http.port": "5" } },
  ]);

  expect(config).toMatchObject({ httpPort: 5, numPartitions: 4, logFlush: "fsync" });
});

test("nested maps of a file mean the dotted names", async () => {
  const contents = "http: { host: 10.0.0.1, port: 9000 }\nbroker:\n  rack: 7\n";
  const file = await parseConfigFile(contents, "f");

  expect(parseBrokerConfig([required, file])).toMatchObject({
    httpHost: "10.0.0.1",
    httpPort: 9000,
    brokerRack: "7",
  });
});

test("broker id 0 and an explicit -1 are values, not absences", () => {
  const config = parseBrokerConfig([
    required,
    { from: "flag", settings: { "broker.id": "0", "log.retention.ms": "-1" } },
  ]);

  expect(config.brokerId).toBe(0);
  expect(config.logRetentionMs).toBeUndefined();
});

test.each([
  ["broker.idd", 'did you mean "broker.id"?'],
  ["httpPort", 'did you mean "http.port"?'],
  ["log.dirs", 'did you mean "data.dir"?'],
  ["listeners", 'did you mean "kafka.host" and "kafka.port"?'],
  ["advertised.listeners", 'did you mean "kafka.advertised.host" and "kafka.advertised.port"?'],
  ["log.retention.hours", 'did you mean "log.retention.ms"?'],
])("the unknown setting %p is refused with a suggestion", (name, suggestion) => {
  const faults = faultsOf(required, { from: "broker.yaml", settings: { [name]: 1 } });

  expect(faults).toBe(`broker.yaml: unknown setting "${name}"; ${suggestion}`);
});

test("a setting that resembles nothing is refused without a wrong suggestion", () => {
  const faults = faultsOf(required, {
    from: "flag",
    settings: { "quorum.voters": 1, __proto__x: 2 },
  });

  expect(faults).toBe('flag: unknown setting "quorum.voters"\nflag: unknown setting "__proto__x"');
});

test.each([
  ["http.port", 65_536],
  ["http.port", -1],
  ["http.port", 1.5],
  ["http.port", ""],
  ["http.port", "80 "],
  ["http.port", null],
  ["http.port", [8092]],
  ["log.flush", "sometimes"],
  ["auto.create.topics.enable", "yes"],
  ["http.host", ""],
  ["http.host", "http://b1:8092"],
  ["http.advertised.host", "b1.example:8092"],
  ["http.advertised.host", "b1.example/kafka"],
  ["kafka.advertised.host", "[::1]"],
  ["kafka.advertised.host", "b1, b2"],
  ["log.retention.ms", -2],
])("%s does not take %p", (name, value) => {
  expect(faultsOf(required, { from: "flag", settings: { [name]: value } })).toMatch(
    new RegExp(`^flag: "${name}" takes .*, not `),
  );
});

test.each([
  "b1",
  "b1.example.org",
  "büro",
  "my_host",
  "10.0.0.1",

  "::1",
  "fe80::1:2",
  "::ffff:10.0.0.1",
])("%p is a host that can be advertised", (name) => {
  const advertised = { from: "flag", settings: { "http.advertised.host": name } };
  expect(parseBrokerConfig([required, advertised]).httpAdvertisedHost).toBe(name);
});

test("who listens on every address has to say which one others may use", () => {
  const wildcard = { from: "flag", settings: { "http.host": "0.0.0.0" } };
  const advertised = { from: "flag", settings: { "http.advertised.host": "b1.example.org" } };

  expect(faultsOf(required, wildcard)).toContain('"http.advertised.host" is missing');
  expect(parseBrokerConfig([required, wildcard, advertised]).httpHost).toBe("0.0.0.0");
});

test.each([
  ["zk1:2181/a//b", 'its chroot "/a//b" is no path: it has an empty name (//). Write host:port'],
  ["zk1:2181/zoolog/", "it must not end with /. Write host:port,host:port/chroot."],
  ["zk1:2181/a,zk2:2181/a", "names servers. The chroot stands once, behind the last server."],
])("zookeeper.connect %s is refused before anything is opened", (connect, fault) => {
  const faults = faultsOf(required, { from: "flag", settings: { "zookeeper.connect": connect } });

  expect(faults).toMatch(/^"zookeeper\.connect": cannot read/);
  expect(faults).toContain(fault);
});

test("everything that is wrong is reported at once", () => {
  const faults = faultsOf({ from: "flag", settings: { "http.port": "x", "broker.idd": 1 } });

  expect(faults.split("\n")).toEqual(
    expect.arrayContaining([
      'flag: "http.port" takes an integer, 0 to 65535, not "x"',
      '"broker.id" is missing',
      '"data.dir" is missing',
      '"zookeeper.connect" is missing',
    ]),
  );
});

test("a setting that is wrong is not missing besides", () => {
  const settings = { "broker.id": "seven", "data.dir": "d", "zookeeper.connect": "z:1" };

  expect(faultsOf({ from: "flag", settings })).toMatch(/^flag: "broker\.id" takes .*"seven"$/);
});

test("a file that says a setting in both forms is refused: one of them is not meant", async () => {
  const contents = "http.port: 1\nbroker:\n  id: 1\nhttp:\n  port: 2\nbroker.id: 2\n";

  await expect(parseConfigFile(contents, "broker.yaml")).rejects.toMatchObject({
    code: "INVALID_CONFIG",
    message: [
      'broker.yaml: "http.port" stands there twice, in two forms',
      'broker.yaml: "broker.id" stands there twice, in two forms',
    ].join("\n"),
  });
});

test.each(["- a\n- b\n", "just text", "a: [1", "a: &x 1\nb: *x\n"])(
  "a file with %p is refused by name",
  async (contents) => {
    await expect(parseConfigFile(contents, "broker.yaml")).rejects.toThrow(/^broker\.yaml: /);
  },
);

test("Kafka's properties are told by what they are", async () => {
  const contents = "# Kafka's\nbroker.id=7\nlog.dirs=/tmp/x\n";

  await expect(parseConfigFile(contents, "server.properties")).rejects.toThrow(
    'server.properties: this is a properties file, and YAML is expected: "broker.id: 7", not "broker.id=7"',
  );
});

test("an empty file holds no settings", async () => {
  expect((await parseConfigFile("# nothing\n", "f")).settings).toEqual({});
});

test("variables that mean something else can be left out", () => {
  const source = settingsFromEnvironment(
    { ZOOLOG_BOOTSTRAP: "http://x", ZOOLOG_BROKER_ID: "7" },
    { ignored: ["ZOOLOG_BOOTSTRAP"] },
  );

  expect(source.settings).toEqual({ "broker.id": "7" });
});
