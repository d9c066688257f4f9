import { deferred, errorMessage, runInBackground } from "@zoolog/base";
import { ZooKeeperError } from "../errors.ts";
import type { ConnectionDependencies, ConnectionOptions } from "./contained-connection.ts";
import { Deadline } from "./deadline.ts";
import { PROBE_MS_MAX, REFUSED_ROUNDS_BEFORE_PROBE } from "./limits.ts";
import { ZooKeeperSession } from "./zookeeper-session.ts";

/**
 * A session that gives itself up when servers refuse it for ever.
 *
 * A server whose data is older than what the client has seen (restored from a backup, wiped) hangs
 * up on its handshake without a word, each time. So does any server while there is no quorum, and
 * then the session may live on. A new session tells the two apart: only the first kind of server
 * grants one. We ask when the lease is over and all servers refused us several times.
 */
export function newSession(
  options: ConnectionOptions,
  dependencies: ConnectionDependencies,
): ZooKeeperSession {
  const { logger } = dependencies;
  let probing = false;
  const session: ZooKeeperSession = new ZooKeeperSession(options, dependencies, {
    handshakeRefused: (timesInARow) => {
      const enough = timesInARow >= REFUSED_ROUNDS_BEFORE_PROBE * options.target.servers.length;
      const mayBeGivenUp = session.state === "suspended" && session.leaseRemainingMs() <= 0;
      if (!enough || !mayBeGivenUp || probing) return;
      probing = true;
      runInBackground("zookeeper refusal probe", logger, async () => {
        const servesOthers = await grantsSessions(options, dependencies);
        probing = false;
        if (!servesOthers || session.state !== "suspended") return;
        logger.error("zookeeper session given up: servers refuse it and serve others", {
          sessionId: session.sessionId,
          hint: "Their data is older than what this client saw: were they restored or wiped?",
        });
        session.abandon();
      });
    },
  });
  return session;
}

async function grantsSessions(
  options: ConnectionOptions,
  dependencies: ConnectionDependencies,
): Promise<boolean> {
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
  const deadline = new Deadline(dependencies.scheduler, {
    ms: PROBE_MS_MAX,
    error: () => new ZooKeeperError({ code: "CONNECT_TIMEOUT", message: "no session in time" }),
  });
  try {
    session.start();
    await deadline.bound(Promise.race([session.connected(), refusedByAll.promise]));
    return true;
  } catch (error) {
    dependencies.logger.debug("no new zookeeper session either", { error: errorMessage(error) });
    return false;
  } finally {
    deadline.cancel();
    await session.close();
  }
}
