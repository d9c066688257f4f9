import { ZoologError } from "@zoolog/base";
import type { Transport, TransportRequest, TransportResponse } from "@zoolog/client";
import {
  checkMessage,
  decodeMessage,
  encodeMessage,
  NATIVE_CALLS,
  type NativeCall,
  type NativeRequest,
  type NativeResponse,
  type Schema,
} from "@zoolog/protocol";

/** What each call is answered with; a thrown `ZoologError` is how the broker refuses it. */
export type Answers = {
  readonly [Call in NativeCall]?: (
    request: NativeRequest<Call>,
    brokerId: number,
  ) => NativeResponse<Call>;
};

/**
 * Brokers that answer with what a test says, through the client's transport port. Requests and
 * answers are checked by the schemas of the native plane: a test cannot say what no broker could.
 * Broker `n` listens at `http://broker:<8000 + n>`.
 */
export class ScriptedAnswers implements Transport {
  /** Every call that came, in order. */
  readonly requests: { readonly brokerId: number; readonly call: string; request: unknown }[] = [];
  answers: Answers;

  constructor(answers: Answers) {
    this.answers = answers;
  }

  post(posted: TransportRequest): Promise<TransportResponse> {
    const call = posted.path.replace("/v1/", "") as NativeCall;
    const brokerId = Number(new URL(posted.endpoint).port) - 8_000;
    const schemas: { request: Schema<unknown>; response: Schema<unknown> } = NATIVE_CALLS[call];
    const request = checked(call, schemas.request, Buffer.concat(posted.body));
    this.requests.push({ brokerId, call, request });
    const answer = this.answers[call] as
      | ((request: unknown, brokerId: number) => unknown)
      | undefined;
    try {
      if (answer === undefined) throw refusal("UNSUPPORTED_VERSION", `no ${call} in this test`);
      const body = Buffer.from(encodeMessage(answer(request, brokerId)));
      checked(call, schemas.response, body);
      return Promise.resolve({ status: 200, contentType: "application/msgpack", body });
    } catch (error) {
      if (!(error instanceof ZoologError)) return Promise.reject(error as Error);
      const { code, hint, message, retriable } = error;
      const told = { error: { code, message, retriable, ...(hint === undefined ? {} : { hint }) } };
      const body = Buffer.from(encodeMessage(told));
      return Promise.resolve({ status: 409, contentType: "application/msgpack", body });
    }
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

function checked(call: string, schema: Schema<unknown>, bytes: Buffer): unknown {
  const decoded = decodeMessage(bytes);
  const found = decoded.fault === undefined ? checkMessage(schema, decoded.value) : decoded;
  if (found.fault !== undefined) throw new Error(`${call}: ${found.fault.message}`);
  return found.value;
}

function refusal(code: string, message: string): ZoologError {
  return new ZoologError({ code, message });
}
