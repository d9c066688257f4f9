import jute from "node-zookeeper-client/lib/jute/index.js";
import {
  type ClientRequest,
  createRequest,
  multiRequest,
  removeRequest,
  setAclRequest,
  setDataRequest,
} from "./request-codec.ts";

/** The bytes of the request's payload, as they go out. */
function payloadBytes(request: ClientRequest<unknown>): Buffer {
  const header = new jute.protocol.RequestHeader(0, request.opCode);
  const whole = new jute.Request(header, request.payload) as unknown as { toBuffer(): Buffer };
  return whole.toBuffer().subarray(12);
}

const INT32_0 = "00000000";
const INT32_MINUS_1 = "ffffffff";

test.each([
  [0, INT32_0],
  [7, "00000007"],
  [undefined, INT32_MINUS_1],
])("version %p goes out as %s, alone and in a multi", (version, field) => {
  const data = new Uint8Array(0);
  const given = version === undefined ? {} : { version };

  expect(payloadBytes(setDataRequest("/a", data, version)).toString("hex")).toMatch(
    new RegExp(`${field}$`),
  );
  expect(payloadBytes(removeRequest("/a", version)).toString("hex")).toMatch(
    new RegExp(`${field}$`),
  );
  expect(payloadBytes(setAclRequest("/a", [], version)).toString("hex")).toMatch(
    new RegExp(`${field}$`),
  );
  for (const operation of [
    { type: "check", path: "/a", ...given } as const,
    { type: "remove", path: "/a", ...given } as const,
    { type: "setData", path: "/a", data, ...given } as const,
  ]) {
    const endOfMulti = "ffffffff01ffffffff";
    expect(payloadBytes(multiRequest([operation])).toString("hex")).toMatch(
      new RegExp(`${field}${endOfMulti}$`),
    );
  }
});

test.each([1.5, 2 ** 31, Number.NaN])("version %p is refused before it is sent", (version) => {
  expect(() => removeRequest("/a", version)).toThrow(
    expect.objectContaining({ code: "BAD_ARGUMENTS" }),
  );
});

test("the caller may change its bytes while the request waits to be sent", () => {
  const data = Uint8Array.of(1, 2, 3);
  const requests = [
    createRequest("/a", data, {}),
    setDataRequest("/a", data, 0),
    multiRequest([{ type: "create", path: "/a", data }]),
    multiRequest([{ type: "setData", path: "/a", data }]),
  ];
  const before = requests.map((request) => payloadBytes(request).toString("hex"));

  data.fill(9);

  expect(requests.map((request) => payloadBytes(request).toString("hex"))).toEqual(before);
});

test("a failed multi names the operation that failed, not those behind it", () => {
  const request = multiRequest([
    { type: "check", path: "/a" },
    { type: "remove", path: "/b" },
    { type: "remove", path: "/c" },
  ]);
  const results = [0, -101, -2].map((err) => ({ type: -1, err }));

  expect(() => request.decode({ results })).toThrow(
    expect.objectContaining({ code: "NO_NODE", operationIndex: 1, path: "/b" }),
  );
});

test("an answer with too few results is refused", () => {
  const request = multiRequest([{ type: "check", path: "/a" }]);

  expect(() => request.decode({ results: [] })).toThrow(
    expect.objectContaining({ code: "PROTOCOL_ERROR" }),
  );
});
