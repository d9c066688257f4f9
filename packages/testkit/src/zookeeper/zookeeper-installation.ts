import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";

/** A ZooKeeper that can be started with Java. */
export type ZooKeeperInstallation = { readonly java: string; readonly classpath: string };

const DEBIAN_JARS = "/usr/share/java";
/** Its manifest names the other jars it needs. */
const DEBIAN_SERVER_JAR = join(DEBIAN_JARS, "zookeeper.jar");
/** Not in that manifest: without it the server logs nothing. */
const DEBIAN_LOGGING_JAR = join(DEBIAN_JARS, "slf4j-simple.jar");

const HOW_TO_INSTALL = `These tests need Java and Apache ZooKeeper 3.8 or later.
  Debian, Ubuntu:  apt-get install --no-install-recommends zookeeper default-jre-headless
  from a download: ZOOKEEPER_CLASSPATH='/opt/apache-zookeeper-3.8.4-bin/lib/*' npm test`;

/**
 * Finds Java and ZooKeeper: the class path of `ZOOKEEPER_CLASSPATH` or Debian's package; Java of
 * `JAVA_HOME` or of the path.
 *
 * @throws Error that says how to install what is missing.
 */
export function findZooKeeper(
  environment: Readonly<Record<string, string | undefined>> = process.env,
): ZooKeeperInstallation {
  const home = environment["JAVA_HOME"];
  const java = home === undefined ? "java" : join(home, "bin", "java");
  if (spawnSync(java, ["-version"], { stdio: "ignore" }).error !== undefined) {
    throw new Error(`Java was not found (${java}). ${HOW_TO_INSTALL}`);
  }
  const classpath = environment["ZOOKEEPER_CLASSPATH"] ?? debianClasspath();
  if (classpath === undefined) {
    throw new Error(`ZooKeeper was not found (${DEBIAN_SERVER_JAR}). ${HOW_TO_INSTALL}`);
  }
  return { java, classpath };
}

function debianClasspath(): string | undefined {
  if (!existsSync(DEBIAN_SERVER_JAR)) return undefined;
  return [DEBIAN_SERVER_JAR, DEBIAN_LOGGING_JAR].filter((jar) => existsSync(jar)).join(":");
}
