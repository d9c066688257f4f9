import { activeGroup, emptyGroup, run, sent } from "../../command-line.fixture.ts";

const unknownGroup = () => ({
  ...emptyGroup(),
  "describe-groups": ({ groups }: { groups: readonly string[] }) => ({
    groups: groups.map((group) => ({
      group,
      error: { code: "GROUP_ID_NOT_FOUND", message: `there is no group ${group}` },
    })),
  }),
  "committed-offsets": () => ({ topics: [] }),
  "group-lag": ({ groups }: { groups: readonly string[] }) => ({
    groups: groups.map((group) => ({
      group,
      error: { code: "GROUP_ID_NOT_FOUND", message: `there is no group ${group}` },
    })),
  }),
});

describe("looking at groups", () => {
  test.each([
    [["group", "list"], [{ group: "billing", state: "empty", coordinator: 2 }]],
    [["group", "lag"], [{ group: "billing", lag: 50, topics: [{ topic: "orders" }] }]],
    [["group", "lag", "billing"], [{ group: "billing", lag: 50 }]],
    [
      ["group", "members", "billing"],
      [{ memberId: "worker-1-id" }, { clientId: "worker-2" }],
    ],
    [["group", "export", "billing"], [{ topic: "orders", partition: 0, offset: 150 }]],
  ])("%j -o json is a list", async (words, expected) => {
    const { code, stdout } = await run([...words, "-o", "json"], activeGroup());

    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject(expected);
  });

  test("describe has members and lag in one document", async () => {
    const { stdout } = await run(["group", "describe", "billing", "-o", "json"], activeGroup());

    expect(JSON.parse(stdout)).toMatchObject({
      group: "billing",
      state: "stable",
      members: [{ clientId: "worker-1" }, { clientId: "worker-2" }],
      lag: 50,
      topics: [{ topic: "orders" }],
    });
  });

  test("people are told how many partitions the sum leaves out", async () => {
    const partitions = [{ partition: 0, error: { code: "GONE", message: "broker 2: gone" } }];
    const groups = [
      {
        group: "billing",
        state: "empty",
        lag: 0,
        unanswered: 1,
        topics: [{ topic: "orders", partitions }],
      },
    ] as const;
    const answers = { ...emptyGroup(), "group-lag": () => ({ groups }) };

    const one = await run(["group", "lag", "billing"], answers);
    const all = await run(["group", "lag"], answers);

    const total = "billing (empty): lag 0; without 1 partition that did not answer";
    expect(one.stdout).toContain(total);
    expect(one.stdout).toContain("orders-0: broker 2: gone");
    expect(all.stdout).toContain("UNANSWERED");
  });

  test("a committed offset below the log start is marked, with the way on", async () => {
    const partition = { partition: 0, committed: 42, logStartOffset: 189, highWatermark: 228 };
    const topics = [{ topic: "orders", partitions: [{ ...partition, lag: 39 }] }];
    const lag = { group: "billing", state: "empty", lag: 39, unanswered: 0, topics };
    const answers = { ...emptyGroup(), "group-lag": () => ({ groups: [lag] }) } as never;

    const one = await run(["group", "lag", "billing"], answers);
    const all = await run(["group", "lag"], answers);
    const described = await run(["group", "describe", "billing", "-o", "json"], answers);

    expect(one.stdout).toContain("42 (deleted)");
    expect(one.stdout).toContain("orders-0: 147 records deleted before they were read");
    expect(one.stdout).toContain("zoolog group reset billing --to-current --execute");
    expect(all.stdout).toMatch(/MISSED\n.* 147\n/);
    expect(JSON.parse(described.stdout)).toMatchObject({
      topics: [{ partitions: [{ partition: 0, committed: 42, missed: 147 }] }],
    });
  });

  test("people see the lag of each partition, its sum and its age", async () => {
    const { stdout } = await run(["group", "lag", "billing"], emptyGroup());

    expect(stdout.split("\n").slice(0, 4)).toEqual([
      "TOPIC   PARTITION  COMMITTED  END  LAG  BEHIND  MEMBER",
      "orders          0        150  200   50  1m 15s  -",
      "",
      "billing (empty): lag 50, 1m 15s behind",
    ]);
  });

  test("a group that is not there is exit code 3", async () => {
    const { code, stderr } = await run(["group", "describe", "nope"], unknownGroup());

    expect(code).toBe(3);
    expect(stderr).toContain("there is no group nope");
    expect(stderr).toContain("try:   `zoolog group list` shows all.");
  });

  test.each([
    [["group", "describe", "biling"]],
    [["group", "lag", "biling"]],
    [["group", "members", "biling"]],
    [["group", "export", "biling"]],
    [["group", "delete", "biling", "-y"]],
    [["group", "reset", "biling", "--to-start"]],
  ])("%j names the group that was meant", async (words) => {
    const { code, stderr } = await run(words, unknownGroup());

    expect(code).toBe(3);
    expect(stderr).toContain("Did you mean billing? `zoolog group list` shows all.");
  });
});

describe("reset", () => {
  const plan = async (...words: string[]) => {
    const { brokers, code, stdout } = await run(
      ["group", "reset", "billing", "-o", "json", ...words],
      emptyGroup(),
    );
    expect(code).toBe(0);
    expect(sent(brokers, "commit-offsets")).toEqual([]);
    return JSON.parse(stdout) as object[];
  };

  test.each([
    [["--to-start"], { before: 150, after: 100, difference: -50 }],
    [["--to-end"], { before: 150, after: 200, difference: 50, lagAfter: 0 }],
    [["--to-offset", "120"], { after: 120, difference: -30 }],
    [["--to-offset", "999"], { after: 200, asked: 999 }],
    [["--shift-by", "-10"], { after: 140, difference: -10 }],
    [["--shift-by", "-500"], { after: 100, asked: -350 }],
    [["--to-time", "2026-01-31T10:00"], { after: 110 }],
    [["--to-time", "1h"], { after: 110 }],
    [["--by-duration", "1h"], { after: 110 }],
    [["--to-current"], { after: 150, difference: 0 }],
  ])("%j is a plan and writes nothing", async (words, expected) => {
    expect(await plan(...words)).toMatchObject([
      { group: "billing", topic: "orders", partition: 0, executed: false, ...expected },
    ]);
  });

  test("all partitions of a topic are meant when it is named, also those not committed", async () => {
    const moves = await plan("--to-end", "--topic", "orders");

    expect(moves).toMatchObject([{ partition: 0 }, { partition: 1, after: 50, lagAfter: 0 }]);
    expect(moves[1]).not.toHaveProperty("before");
  });

  test("a partition that is named twice moves once", async () => {
    expect(await plan("--to-end", "-t", "orders:0", "-t", "orders")).toHaveLength(2);
  });

  test("with --execute the offsets are committed, and the table says so", async () => {
    const { brokers, stderr, stdout } = await run(
      ["group", "reset", "billing", "--shift-by", "-10", "-t", "orders:0", "--execute"],
      emptyGroup(),
    );

    expect(sent(brokers, "commit-offsets")).toEqual([
      {
        groupId: "billing",
        topics: [{ topic: "orders", partitions: [{ partition: 0, offset: 140 }] }],
      },
    ]);
    expect(stdout).toContain("orders          0     150    140         -10         60");
    expect(stderr).toContain("group billing moved; 1 partition: 0 records skipped, 10 read again");
  });

  test("an active group is refused by name and host, and nothing is written", async () => {
    const words = ["group", "reset", "billing", "--to-start"];
    const refused = await run([...words, "--execute"], activeGroup());
    const dryRun = await run(words, activeGroup());

    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain(
      "group billing is active: 2 members, worker-1-id at 10.0.0.7, worker-2-id at 10.0.0.7",
    );
    expect(refused.stderr).toMatch(/^try: {3}End its consumers first/m);
    expect(sent(refused.brokers, "commit-offsets")).toEqual([]);
    expect(dryRun.code).toBe(0);
    expect(dryRun.stderr).toContain("--execute is refused until its consumers end");
  });

  test.each([
    [[], "where to was not said"],
    [["--to-start", "--to-end"], "more than one place was named"],
    [["--to-offset", "x"], "--to-offset must be a whole number"],
    [["--to-time", "yesterday"], '--to-time "yesterday" is no time'],
    [["--by-duration", "yesterday"], '--by-duration "yesterday" is no duration'],
    [["--to-start", "--topic", "orders:a"], "--topic takes a topic"],
  ])("%j is wrong usage", async (words, message) => {
    const { code, stderr } = await run(["group", "reset", "billing", ...words], emptyGroup());

    expect(code).toBe(2);
    expect(stderr).toContain(message);
    expect(stderr).toMatch(/^try: {3}\S/m);
  });

  test("a group that has committed nothing needs to be told the topics", async () => {
    const { code, stderr } = await run(["group", "reset", "new", "--to-start"], unknownGroup());
    const named = await run(
      ["group", "reset", "new", "--to-start", "-t", "orders", "--execute"],
      unknownGroup(),
    );

    expect([code, named.code]).toEqual([3, 0]);
    expect(stderr).toContain("To make it, name topics: --topic orders.");
    expect(sent(named.brokers, "commit-offsets")).toHaveLength(1);
  });
});

describe("export and import", () => {
  test("what export writes is what import reads, in each form", async () => {
    for (const form of [[], ["-o", "csv"], ["-o", "json"], ["-o", "ndjson"]]) {
      const exported = await run(["group", "export", "billing", ...form], emptyGroup());
      const imported = await run(
        ["group", "import", "copy", "-", "--execute", "-o", "json"],
        unknownGroup(),
        exported.stdout,
      );

      expect(JSON.parse(imported.stdout)).toMatchObject([{ topic: "orders", after: 150 }]);
      expect(sent(imported.brokers, "commit-offsets")).toMatchObject([{ groupId: "copy" }]);
    }
  });

  test("Kafka's lines without titles are read, and a dry run writes nothing", async () => {
    const { brokers, stdout } = await run(
      ["group", "import", "billing", "-", "-o", "json"],
      emptyGroup(),
      "orders,0,120\norders,1,7\n",
    );

    expect(JSON.parse(stdout)).toMatchObject([{ after: 120 }, { after: 7 }]);
    expect(sent(brokers, "commit-offsets")).toEqual([]);
  });

  test.each([
    ["", "the file has no offsets"],
    ["orders,0", "line 1: 2 cells where 3 belong"],
    ["orders,0,-5", "line 1: offset is no whole number"],
    ["orders,0,1\norders,0,2", "orders-0 is there twice"],
    ["{nonsense}", "line 1: this is no JSON"],
    ['[{"topic":"orders"}]', "entry 1: partition is no whole number"],
  ])("%j is refused with its line", async (text, message) => {
    const { code, stderr } = await run(["group", "import", "billing", "-"], emptyGroup(), text);

    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });
});

describe("delete", () => {
  test("needs --yes where nobody can be asked, and then deletes", async () => {
    const refused = await run(["group", "delete", "billing"], emptyGroup());
    const deleted = await run(["group", "delete", "billing", "-y", "-o", "json"], emptyGroup());

    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain("Add --yes when that is what you want.");
    expect(JSON.parse(deleted.stdout)).toEqual([{ group: "billing" }]);
  });

  test("an active group is refused by name", async () => {
    const { brokers, code, stderr } = await run(
      ["group", "delete", "billing", "-y"],
      activeGroup(),
    );

    expect(code).toBe(1);
    expect(stderr).toContain("worker-1-id at 10.0.0.7");
    expect(sent(brokers, "delete-groups")).toEqual([]);
  });

  test("--topic forgets only what was committed there", async () => {
    const { brokers, stdout } = await run(
      ["group", "delete", "billing", "-t", "orders", "-y", "-o", "json"],
      emptyGroup(),
    );

    expect(JSON.parse(stdout)).toMatchObject([{ topic: "orders", partition: 0, offset: 150 }]);
    expect(sent(brokers, "delete-offsets")).toEqual([
      { groupId: "billing", topics: [{ topic: "orders", partitions: [0] }] },
    ]);
  });

  test.each([
    [["ordres"], "committed nothing of ordres", "Did you mean orders? `zoolog group export"],
    [["nope"], "committed nothing of nope", "`zoolog group export billing` shows what it has."],
    [["orders", "nope"], "committed nothing of nope", ""],
    [["orders:0,7"], "committed nothing of orders:7", ""],
  ])(
    "--topic %j that fits nothing is not found, and nothing is deleted",
    async (topics, what, hint) => {
      const flags = topics.flatMap((topic) => ["-t", topic]);

      const { brokers, code, stderr } = await run(
        ["group", "delete", "billing", ...flags, "-y"],
        emptyGroup(),
      );

      expect(code).toBe(3);
      expect(stderr).toContain(what);
      expect(stderr).toContain(hint);
      expect(sent(brokers, "delete-offsets")).toEqual([]);
    },
  );
});
