import { existsSync, readdirSync, readFileSync, rmdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run, tryRun } from "./command.ts";
import { CONTROL_GROUPS } from "./control-group.ts";
import { VOLUMES_FOLDER } from "./loop-volume.ts";
import { KEPT, runOf } from "./run-name.ts";

/**
 * Removes what runs of this program have left that were killed before they could: by name, and only
 * of processes that are dead. Answers what was removed.
 */
export function removeLeftovers(): readonly string[] {
  if (process.getuid?.() !== 0) return [];
  return [
    ...mounts(),
    ...images(),
    ...controlGroups(),
    ...namespaces(),
    ...bridges(),
    ...forwardRules(),
    ...temporaryFiles(),
  ];
}

function isLeftover(name: string): boolean {
  const pid = runOf(name);
  return pid !== undefined && !existsSync(`/proc/${pid}`);
}

/** Mounts of our images: where they are mounted does not say whose they are, the image does. */
function mounts(): readonly string[] {
  const devices = tryRun("losetup", "--list", "--noheadings", "--output", "NAME,BACK-FILE") ?? "";
  const ours = devices
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .filter(([, file = ""]) => file.startsWith(`${VOLUMES_FOLDER}/`))
    .filter(([, file = ""]) => isLeftover(file.slice(VOLUMES_FOLDER.length + 1)))
    .map(([device]) => device);
  return readFileSync("/proc/mounts", "utf8")
    .split("\n")
    .map((line) => line.split(" "))
    .filter(([device]) => ours.includes(device))
    .map(([, mountPoint = ""]) => {
      tryRun("umount", "--lazy", mountPoint);
      return `mount ${mountPoint}`;
    });
}

function images(): readonly string[] {
  if (!existsSync(VOLUMES_FOLDER)) return [];
  return readdirSync(VOLUMES_FOLDER)
    .filter(isLeftover)
    .map((name) => {
      rmSync(join(VOLUMES_FOLDER, name), { recursive: true, force: true });
      return `${VOLUMES_FOLDER}/${name}`;
    });
}

function controlGroups(): readonly string[] {
  const parents = ["", "freezer", "memory"].map((name) => join(CONTROL_GROUPS, name));
  return parents
    .filter((parent) => existsSync(parent))
    .flatMap((parent) => readdirSync(parent).map((name) => ({ name, path: join(parent, name) })))
    .filter(({ name }) => isLeftover(name))
    .map(({ path }) => {
      rmdirSync(path);
      return path;
    });
}

function namespaces(): readonly string[] {
  const names = (tryRun("ip", "netns", "list") ?? "").split("\n").map((line) => line.split(" ")[0]);
  return names
    .filter((name = "") => isLeftover(name))
    .map((name = "") => {
      tryRun("ip", "netns", "delete", name);
      return `namespace ${name}`;
    });
}

function bridges(): readonly string[] {
  return (tryRun("ip", "-o", "link", "show", "type", "bridge") ?? "")
    .split("\n")
    .map((line) => line.split(": ")[1] ?? "")
    .filter(isLeftover)
    .map((name) => {
      tryRun("ip", "link", "delete", name);
      return `bridge ${name}`;
    });
}

function forwardRules(): readonly string[] {
  return (tryRun("iptables", "-S", "FORWARD") ?? "")
    .split("\n")
    .filter((rule) => isLeftover(/-i (\S+)/.exec(rule)?.[1] ?? ""))
    .map((rule) => {
      run("iptables", ...rule.replace(/^-A/, "-D").split(" "));
      return `rule ${rule}`;
    });
}

function temporaryFiles(): readonly string[] {
  return readdirSync(tmpdir())
    .filter((name) => isLeftover(name) && !existsSync(join(tmpdir(), name, KEPT)))
    .map((name) => {
      rmSync(join(tmpdir(), name), { recursive: true, force: true });
      return join(tmpdir(), name);
    });
}
