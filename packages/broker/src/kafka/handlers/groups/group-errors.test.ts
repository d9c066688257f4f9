import { ZoologError } from "@zoolog/base";
import { refusedWith } from "./group-errors.ts";

test.each(["CONNECTION_REFUSED", "NETWORK_EXCEPTION", "INVALID_RESPONSE", "REQUEST_TIMED_OUT"])(
  "a coordinator that %s keeps from answering is looked for again",
  (code) => {
    const error = new ZoologError({ code, message: "of a call between brokers" });

    expect(refusedWith(error)).toBe("COORDINATOR_NOT_AVAILABLE");
  },
);

test("what a coordinator refuses is told as it is, a mistake of ours is thrown", () => {
  const refused = new ZoologError({ code: "UNKNOWN_MEMBER_ID", message: "given up" });
  expect(refusedWith(refused)).toBe("UNKNOWN_MEMBER_ID");
  expect(() => refusedWith(new RangeError("ours"))).toThrow(RangeError);
});
