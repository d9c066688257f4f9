import type { LoggedTransaction, Operation } from "@zoolog/zookeeper";

type Transaction = LoggedTransaction["transaction"];
type Change = Exclude<Transaction, { readonly type: "multi" | "createSession" | "closeSession" }>;

const NO_DATA = new Uint8Array(0);

/** A transaction in the words of those who ask for writes; the end of a session removes ephemerals. */
export function operationsOf({ transaction }: LoggedTransaction): readonly Operation[] {
  switch (transaction.type) {
    case "createSession":
      return [];
    case "closeSession":
      return transaction.paths.map((path) => ({ type: "remove", path }));
    case "multi":
      return transaction.changes.flatMap(operationOf);
    case "create":
    case "setData":
    case "delete":
    case "check":
    case "setAcl":
      return operationOf(transaction);
  }
}

function operationOf(change: Change): Operation[] {
  const { path } = change;
  switch (change.type) {
    case "create":
      return [{ type: "create", path, data: change.data ?? NO_DATA }];
    case "setData":
      return [{ type: "setData", path, data: change.data ?? NO_DATA }];
    case "delete":
      return [{ type: "remove", path }];
    case "check":
      return [{ type: "check", path }];
    case "setAcl":
      return [];
  }
}
