import {
  errorBody,
  groupDescription,
  type JsonSchema,
  lagOfGroup,
  NATIVE_CALLS,
  postRecordsRequest,
  postRecordsResponse,
  postTopicRequest,
  putTopicRequest,
  readRecordsQuery,
  readRecordsResponse,
  topicListResponse,
} from "@zoolog/protocol";
import { EVENT_STREAM_TYPE, JSON_TYPE, MSGPACK_TYPE } from "../bodies/content-types.ts";

type Operation = {
  readonly method: "get" | "put" | "post" | "delete";
  readonly path: string;
  readonly tag: string;
  readonly summary: string;
  readonly query?: JsonSchema;
  readonly body?: JsonSchema;
  readonly answer?: JsonSchema;
  /** Status of success, 200 when absent. */
  readonly status?: number;
  readonly otherTypes?: readonly string[];
};

const CALLS = "Calls (JSON or msgpack)";
const PEOPLE = "For people";
const MACHINES = "For machines";

const callOperations = Object.entries(NATIVE_CALLS).map(
  ([name, { summary, request, response }]): Operation => ({
    method: "post",
    path: `/v1/${name}`,
    tag: CALLS,
    summary,
    body: request,
    answer: response,
  }),
);

const TOPIC = "/v1/topics/{topic}";

/**
 * Every route of the plane; a test compares this list with what the router knows. People come first:
 * programs do not read pages.
 */
const operations: readonly Operation[] = [
  {
    method: "post",
    path: `${TOPIC}/records`,
    tag: PEOPLE,
    summary: "Append single records; the broker builds the batches",
    body: postRecordsRequest,
    answer: postRecordsResponse,
  },
  {
    method: "get",
    path: `${TOPIC}/partitions/{partition}/records`,
    tag: PEOPLE,
    summary: "Read records, or follow them as server-sent events (id = offset)",
    query: readRecordsQuery,
    answer: readRecordsResponse,
    otherTypes: [EVENT_STREAM_TYPE],
  },
  {
    method: "get",
    path: "/v1/topics",
    tag: PEOPLE,
    summary: "All topics",
    answer: topicListResponse,
  },
  {
    method: "post",
    path: "/v1/topics",
    tag: PEOPLE,
    summary: "Create a topic",
    body: postTopicRequest,
    status: 201,
  },
  { method: "get", path: TOPIC, tag: PEOPLE, summary: "One topic with partitions and settings" },
  {
    method: "put",
    path: TOPIC,
    tag: PEOPLE,
    summary: "Create a topic; the body may be missing",
    body: putTopicRequest,
    status: 201,
  },
  { method: "delete", path: TOPIC, tag: PEOPLE, summary: "Delete a topic and its records" },
  {
    method: "get",
    path: "/v1/cluster",
    tag: PEOPLE,
    summary: "The cluster at a glance",
    answer: NATIVE_CALLS["describe-cluster"].response,
  },
  {
    method: "get",
    path: "/v1/groups",
    tag: PEOPLE,
    summary: "All consumer groups",
    answer: NATIVE_CALLS["list-groups"].response,
  },
  {
    method: "get",
    path: "/v1/groups/{group}",
    tag: PEOPLE,
    summary: "One group: its members, and who reads what",
    answer: groupDescription,
  },
  {
    method: "get",
    path: "/v1/groups/{group}/lag",
    tag: PEOPLE,
    summary: "How far a group is behind, in records and in time",
    answer: lagOfGroup,
  },
  { method: "get", path: "/health/live", tag: MACHINES, summary: "503: restart this broker" },
  { method: "get", path: "/health/ready", tag: MACHINES, summary: "503: send no clients yet" },
  {
    method: "get",
    path: "/metrics",
    tag: MACHINES,
    summary: "Prometheus",
    otherTypes: ["text/plain"],
  },
  ...callOperations,
];

/** The OpenAPI 3.1 document: its schemas are the very objects that requests are checked with. */
export function openApiDocument(): Record<string, unknown> {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const operation of operations) {
    paths[operation.path] = {
      ...paths[operation.path],
      [operation.method]: operationObject(operation),
    };
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Zoolog broker",
      version: "1",
      description:
        "A partitioned, replicated commit log. Bytes are base64 in JSON and bin in msgpack. " +
        "Every failure has a status and the same body. What brokers alone ask of each other " +
        "(docs/formats/native-plane.md) is not listed here.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    paths,
    components: { schemas: { Error: errorBody } },
  };
}

function operationObject({ tag, summary, query, body, answer, ...rest }: Operation): unknown {
  const parameters = [...pathParameters(rest.path), ...queryParameters(query)];
  return {
    tags: [tag],
    summary,
    operationId: `${rest.method} ${rest.path}`.replace(/[^a-z0-9]+/gi, "-").replace(/-$/, ""),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined ? {} : { requestBody: { content: messageContent(body) } }),
    responses: {
      [rest.status ?? 200]: {
        description: "Done",
        content: { ...messageContent(answer ?? {}), ...otherContent(rest.otherTypes) },
      },
      default: {
        description: "The call failed",
        content: messageContent({ $ref: "#/components/schemas/Error" }),
      },
    },
  };
}

function messageContent(schema: object): Record<string, unknown> {
  return { [JSON_TYPE]: { schema }, [MSGPACK_TYPE]: { schema } };
}

function otherContent(types: readonly string[] | undefined): Record<string, unknown> {
  return Object.fromEntries((types ?? []).map((type) => [type, {}]));
}

function pathParameters(path: string): unknown[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: "path",
    required: true,
    schema: name === "partition" ? { type: "integer", minimum: 0 } : { type: "string" },
  }));
}

function queryParameters(query: JsonSchema | undefined): unknown[] {
  return Object.entries(query?.properties ?? {}).map(([name, schema]) => ({
    name,
    in: "query",
    required: false,
    description: schema.description,
    schema,
  }));
}
