import { type Deferred, deferred, errorMessage, runInBackground } from "@zoolog/base";
import { ZooKeeperError } from "../../errors.ts";
import type {
  ConnectionDependencies,
  ConnectionOptions,
} from "../connection/contained-connection.ts";
import { Deadline } from "../deadline.ts";
import { PROBE_MS_MAX, REFUSED_ROUNDS_BEFORE_PROBE, WITNESS_MS_MAX } from "../limits.ts";
import { ZooKeeperSession } from "./zookeeper-session.ts";

/**
 * A session that gives itself up when servers refuse it for ever.
 *
 * A server whose data is older than what the client has seen (restored from a backup, wiped) hangs
 * up on its handshake without a word, each time. So does any server while there is no quorum, and
 * then the session may live on. A new session tells the two apart: only the first kind of server
 * grants one. We ask when the lease is over and all servers refused us several times.
 *
 * That a new one is granted is not enough: the quorum may just have come back, and this session waits
 * for its next attempt. So the new one stays, as a witness, until every server has refused this one
 * once more, the witness's own among them; if it loses its connection meanwhile, nothing is proved.
 */
export function newSession(
  options: ConnectionOptions,
  dependencies: ConnectionDependencies,
): ZooKeeperSession {
  const { logger } = dependencies;
  const servers = options.target.servers.length;
  let isProbing = false;
  let refusals = 0;
  let changed: Deferred<void> | undefined;
  const session: ZooKeeperSession = new ZooKeeperSession(options, dependencies, {
    handshakeRefused: (timesInARow) => {
      refusals += 1;
      changed?.resolve();
      const enough = timesInARow >= REFUSED_ROUNDS_BEFORE_PROBE * servers;
      const mayBeGivenUp = session.state === "suspended" && session.leaseRemainingMs() <= 0;
      if (!enough || !mayBeGivenUp || isProbing) return;
      isProbing = true;
      runInBackground("zookeeper refusal probe", logger, async () => {
        await givenUpIfRefusedAlone();
        isProbing = false;
      });
    },
  });
  session.onStateChange(() => changed?.resolve());

  async function givenUpIfRefusedAlone(): Promise<void> {
    const isRefusedAlone = await withNewSession(options, dependencies, async (witness) => {
      // One may have been on its way when the witness came.
      const enough = refusals + servers + 1;
      const stop = witness.onStateChange(() => changed?.resolve());
      try {
        while (refusals < enough) {
          if (session.state !== "suspended" || witness.state !== "connected") return false;
          changed = deferred();
          await changed.promise;
        }
      } finally {
        stop();
      }
      return session.state === "suspended" && witness.state === "connected";
    });
    if (isRefusedAlone !== true || session.state !== "suspended") return;
    logger.error("zookeeper session given up: servers refuse it and serve others", {
      sessionId: session.sessionId,
      hint: "Their data is older than what this client saw: were they restored or wiped?",
    });
    session.abandon();
  }
  return session;
}

/** What `use` makes of a session of its own; `undefined` when there is none, or no answer in time. */
async function withNewSession<T>(
  options: ConnectionOptions,
  dependencies: ConnectionDependencies,
  use: (session: ZooKeeperSession) => Promise<T>,
): Promise<T | undefined> {
  const { scheduler, logger } = dependencies;
  const refusedByAll = deferred<never>();
  refusedByAll.promise.catch(() => {});
  const session = new ZooKeeperSession(options, dependencies, {
    handshakeRefused: (timesInARow) => {
      if (timesInARow < options.target.servers.length) return;
      refusedByAll.reject(
        new ZooKeeperError({
          code: "CONNECTION_LOSS",
          message: "new sessions are refused as well",
        }),
      );
    },
  });
  const inTime = async <R>(ms: number, step: Promise<R>): Promise<R> => {
    const message = `no end in ${ms} ms`;
    const error = (): ZooKeeperError => new ZooKeeperError({ code: "CONNECT_TIMEOUT", message });
    const deadline = new Deadline(scheduler, { ms, error });
    return await deadline.bound(step).finally(() => deadline.cancel());
  };
  try {
    session.start();
    await inTime(PROBE_MS_MAX, Promise.race([session.connected(), refusedByAll.promise]));
    return await inTime(WITNESS_MS_MAX, use(session));
  } catch (error) {
    logger.debug("zookeeper session not given up", { error: errorMessage(error) });
    return undefined;
  } finally {
    await session.close();
  }
}
