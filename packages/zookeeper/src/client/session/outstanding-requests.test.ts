import {
  REQUEST_BYTES_MAX,
  REQUEST_BYTES_OUTSTANDING_MAX,
  REQUESTS_OUTSTANDING_MAX,
} from "../limits.ts";
import { OutstandingRequests } from "./outstanding-requests.ts";

test("a request over the limit is refused by name, with its envelope counted", () => {
  const outstanding = new OutstandingRequests();

  outstanding.assertRoom("setData", REQUEST_BYTES_MAX - 12);

  expect(() => outstanding.assertRoom("setData", REQUEST_BYTES_MAX - 11)).toThrow(
    expect.objectContaining({ code: "REQUEST_TOO_LARGE", retriable: false }),
  );
});

test("too many requests without an answer are refused, until one is answered", () => {
  const outstanding = new OutstandingRequests();
  for (let i = 0; i < REQUESTS_OUTSTANDING_MAX; i++) outstanding.began(10);

  expect(() => outstanding.assertRoom("getData", 10)).toThrow(
    expect.objectContaining({ code: "TOO_MANY_REQUESTS", retriable: true }),
  );
  outstanding.ended(10);
  outstanding.assertRoom("getData", 10);
});

test("so are too many bytes", () => {
  const outstanding = new OutstandingRequests();
  const bytes = REQUEST_BYTES_MAX / 2;
  for (let sum = 0; sum < REQUEST_BYTES_OUTSTANDING_MAX; sum += bytes) outstanding.began(bytes);

  expect(() => outstanding.assertRoom("setData", 1)).toThrow(
    expect.objectContaining({ code: "TOO_MANY_REQUESTS" }),
  );
});
