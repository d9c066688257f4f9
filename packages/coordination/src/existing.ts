import { errorCode } from "@zoolog/base";

/** What an operation on a znode answers, `undefined` when there is no such znode. */
export async function ifThere<T>(operation: Promise<T>): Promise<T | undefined> {
  try {
    return await operation;
  } catch (error) {
    if (errorCode(error) === "NO_NODE") return undefined;
    throw error;
  }
}
