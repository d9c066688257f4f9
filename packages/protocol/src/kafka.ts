/**
 * Kafka's messages, for who speaks them: apart from `index.ts`, as every client and command would load
 * the tables of all calls, some 25 ms.
 */
export { API_KEYS, apiNameOfKey } from "./kafka/api-keys.ts";
export {
  encodeRequest,
  encodeResponse,
  FRAME_LENGTH_BYTES,
  readRequest,
  readRequestHeader,
  readResponse,
} from "./kafka/frame.ts";
export { KAFKA_MESSAGES } from "./kafka/kafka-messages.ts";
