import {
  checkMessage,
  decodeMessage,
  type ErrorCode,
  encodeMessage,
  NATIVE_CALLS,
  type NativeCall,
  type NativeRequest,
} from "@zoolog/protocol";
import { type Refusal, refusal } from "../call-failure.ts";

/**
 * Why the native call cannot say something that Kafka's can: a value is too long, or the name of a
 * setting is none. A broker that is not the controller passes its calls on as native ones, and what is
 * refused on the way is refused with everything beside it; so each item is asked about here, alone.
 *
 * @param request with one item.
 * @param errorCode of the refusal.
 */
export function passingFault<Call extends NativeCall>(
  call: Call,
  request: NativeRequest<Call>,
  errorCode: ErrorCode,
): Refusal | undefined {
  const decoded = decodeMessage(encodeMessage(request));
  const { fault } =
    decoded.fault === undefined ? checkMessage(NATIVE_CALLS[call].request, decoded.value) : decoded;
  return fault && refusal(errorCode, fault.message);
}
