import { ask, scriptedAdmin, startedPlane } from "../../kafka-plane.fixture.ts";

const [TOPIC, BROKER, BROKER_LOGGER] = [2, 4, 8];

const RETENTION = {
  ...{ name: "retention.ms", value: "7", source: "topic", type: "long" },
  ...{ dynamic: true, sensitive: false, about: "How long." },
  synonyms: [
    { name: "retention.ms", value: "7", source: "topic" },
    { name: "log.retention.ms", value: "9", source: "default" },
  ],
};
const SECRET = {
  ...{ name: "auth.secret", source: "static", type: "password", dynamic: false },
  ...{ sensitive: true, about: "", synonyms: [{ name: "auth.secret", source: "static" }] },
};

async function started() {
  const { api, network } = await startedPlane();
  const admin = scriptedAdmin(api);
  const altered: { readonly validateOnly: boolean; readonly resources: unknown }[] = [];
  admin["describe-configs"] = async ({ resources }: { resources: { name: string }[] }) => ({
    resources: resources.map((resource) =>
      resource.name === "gone"
        ? { ...resource, error: { code: "UNKNOWN_TOPIC_OR_PARTITION", message: "gone" } }
        : { ...resource, configs: [RETENTION, SECRET] },
    ),
  });
  admin["alter-configs"] = async (request: (typeof altered)[number] & { resources: object[] }) => {
    altered.push(request);
    return { resources: request.resources };
  };
  return { admin, altered, connection: network.dial() };
}

describe("gotcha 60: DescribeConfigs", () => {
  const asked = (resourceType: number | undefined, resourceName: string, keys?: string[]) => ({
    ...{ resourceType, resourceName, configurationKeys: keys },
  });

  test.each([1, 2, 3, 4])("version %p tells where values come from", async (version) => {
    const { connection } = await started();

    const { results } = await ask(connection, "DescribeConfigs", version, {
      resources: [asked(TOPIC, "a"), asked(TOPIC, "gone"), asked(BROKER_LOGGER, "1")],
      ...{ includeSynonyms: true, includeDocumentation: true },
    });

    const [a, gone, logger] = results;
    expect(a).toMatchObject({ errorCode: undefined, resourceType: TOPIC, resourceName: "a" });
    expect(a?.configs).toMatchObject([
      {
        ...{ name: "retention.ms", value: "7", readOnly: false, configSource: 1 },
        ...{ isSensitive: false },
        synonyms: [
          { name: "retention.ms", value: "7", source: 1 },
          { name: "log.retention.ms", value: "9", source: 5 },
        ],
      },
      { name: "auth.secret", value: undefined, readOnly: true, configSource: 4, isSensitive: true },
    ]);
    if (version >= 3) {
      expect(a?.configs).toMatchObject([
        { configType: 5, documentation: "How long." },
        { configType: 9 },
      ]);
    }
    expect(gone).toMatchObject({ errorCode: "UNKNOWN_TOPIC_OR_PARTITION", configs: [] });
    expect(logger).toMatchObject({ errorCode: "INVALID_REQUEST", resourceType: BROKER_LOGGER });
  });

  test("only what is asked for; what we do not have is left out, not refused", async () => {
    const { connection } = await started();

    const { results } = await ask(connection, "DescribeConfigs", 4, {
      resources: [asked(TOPIC, "a", ["retention.ms", "inter.broker.protocol.version"])],
    });

    const [a] = results;
    expect(a?.configs.map(({ name }) => name)).toEqual(["retention.ms"]);
    expect(a?.configs).toMatchObject([{ synonyms: [], documentation: undefined }]);
  });

  test("what is named a thousand times is described once", async () => {
    const { connection } = await started();

    const { results } = await ask(connection, "DescribeConfigs", 4, {
      resources: Array.from({ length: 1_000 }, () => asked(TOPIC, "a")),
    });

    expect(results).toMatchObject([{ resourceName: "a", errorCode: undefined }]);
  });

  test("no broker named is what stands for all of them", async () => {
    const { admin, connection } = await started();
    const names: string[] = [];
    admin["describe-configs"] = async ({ resources }: { resources: { name: string }[] }) => {
      names.push(...resources.map(({ name }) => name));
      return { resources: resources.map((resource) => ({ ...resource, configs: [] })) };
    };

    const { results } = await ask(connection, "DescribeConfigs", 4, {
      resources: [asked(BROKER, ""), asked(BROKER, "1")],
    });

    expect(names).toEqual(["default", "1"]);
    expect(results).toMatchObject([
      { errorCode: undefined, resourceName: "" },
      { errorCode: undefined, resourceName: "1" },
    ]);
  });
});

describe("gotcha 61:", () => {
  test("IncrementalAlterConfigs sets, deletes, appends and subtracts; other operations are refused", async () => {
    const { altered, connection } = await started();
    const configs = ["set", "delete", "append", "subtract"].map((name, configOperation) => ({
      ...{ name, configOperation, value: configOperation === 1 ? undefined : "v" },
    }));

    const { responses } = await ask(connection, "IncrementalAlterConfigs", 1, {
      validateOnly: true,
      resources: [
        { resourceType: TOPIC, resourceName: "a", configs },
        {
          ...{ resourceType: TOPIC, resourceName: "b" },
          configs: [{ name: "x", configOperation: 4, value: "v" }],
        },
        { resourceType: 99, resourceName: "c", configs: [] },
        { resourceType: BROKER, resourceName: "", configs: [] },
      ],
    });

    expect(altered).toMatchObject([
      {
        validateOnly: true,
        resources: [
          {
            ...{ type: "topic", name: "a" },
            changes: [
              { name: "set", operation: "set", value: "v" },
              { name: "delete", operation: "delete" },
              { name: "append", operation: "append", value: "v" },
              { name: "subtract", operation: "subtract", value: "v" },
            ],
          },
          { type: "broker", name: "default", changes: [] },
        ],
      },
    ]);
    expect(responses.map(({ resourceName, errorCode }) => [resourceName, errorCode])).toEqual([
      ["a", undefined],
      ["b", "INVALID_REQUEST"],
      ["c", "INVALID_REQUEST"],
      ["", undefined],
    ]);
  });

  test("AlterConfigs replaces all that was set for the topic before", async () => {
    const { altered, connection } = await started();

    const configs = [{ name: "segment.bytes", value: "1" }];
    const { responses } = await ask(connection, "AlterConfigs", 2, {
      validateOnly: false,
      resources: [
        { resourceType: TOPIC, resourceName: "a", configs },
        { resourceType: TOPIC, resourceName: "gone", configs },
      ],
    });

    expect(altered).toMatchObject([
      {
        resources: [
          {
            name: "a",
            changes: [
              { name: "segment.bytes", operation: "set", value: "1" },
              { name: "retention.ms", operation: "delete" },
            ],
          },
        ],
      },
    ]);
    expect(responses).toMatchObject([
      { resourceName: "a", errorCode: undefined },
      { resourceName: "gone", errorCode: "UNKNOWN_TOPIC_OR_PARTITION" },
    ]);
  });

  test("AlterConfigs of one topic twice changes nothing: the second would undo the first", async () => {
    const { altered, connection } = await started();
    const setting = (name: string) => ({
      ...{ resourceType: TOPIC, resourceName: "a" },
      configs: [{ name, value: "1" }],
    });

    const { responses } = await ask(connection, "AlterConfigs", 2, {
      validateOnly: false,
      resources: [setting("retention.ms"), setting("segment.bytes")],
    });

    expect(altered).toEqual([]);
    expect(responses.map(({ errorCode }) => errorCode)).toEqual([
      "INVALID_REQUEST",
      "INVALID_REQUEST",
    ]);
  });
});
