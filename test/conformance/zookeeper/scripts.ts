/** Stories whose every step both servers must tell alike. Each begins with its own sessions. */
import { ACLS, type AclName, type Call, type CreateCall, type Step } from "./step.ts";

const wire = (...sessions: string[]): Step[] =>
  sessions.map((session) => ({ do: "open", session, kind: "wire" }));
const adapter = (...sessions: string[]): Step[] =>
  sessions.map((session) => ({ do: "open", session, kind: "adapter" }));
const call = (session: string, ...calls: Call[]): Step => ({ do: "call", session, calls });
/** Every call is a step of its own, so that events find their place between the replies. */
const each = (session: string, ...calls: Call[]): Step[] =>
  calls.map((only) => call(session, only));
const create = (path: string, more: Omit<CreateCall, "op" | "path"> = {}): Call => ({
  op: "create",
  path,
  ...more,
});
const multi = (...parts: Call[]): Call => ({ op: "multi", parts });
const digest = (session: string, credential: string): Step => ({
  do: "authenticate",
  session,
  scheme: "digest",
  credential,
});

/** What an ACL can allow or forbid, tried at one znode and its child. */
const permissionProbes = (path: string): Call[] => [
  { op: "getData", path },
  { op: "exists", path },
  { op: "getChildren2", path },
  { op: "getAcl", path },
  { op: "getAllChildrenNumber", path },
  { op: "setData", path, data: "x", version: -1 },
  create(`${path}/child`),
  { op: "create2", path: `${path}/second` },
  { op: "delete", path: `${path}/child`, version: -1 },
  multi({ op: "check", path, version: -1 }),
  multi({ op: "setData", path, data: "y", version: -1 }),
  { op: "multiRead", parts: [{ op: "getData", path }] },
  { op: "setAcl", path, acl: "open", version: -1 },
];

const BAD_PATHS = [
  "",
  "a",
  "/a/",
  "/a//b",
  "/a/.",
  "/a/../b",
  "//",
  "/\u0000",
  "/a\u001f",
  "/\ue000",
];

const watchAll = (session: string, path: string): Step[] =>
  each(
    session,
    { op: "getData", path, watch: true },
    { op: "exists", path, watch: true },
    { op: "getChildren", path, watch: true },
    { op: "getChildren2", path, watch: true },
  );

/** Changes that a watcher of `/watched` and of what is around it may hear of. */
const changes: Call[] = [
  create("/watched/new"),
  { op: "setData", path: "/watched", data: "1", version: -1 },
  { op: "setData", path: "/watched/new", data: "1", version: -1 },
  create("/watched/new/deep", { flags: 1 }),
  { op: "delete", path: "/watched/new/deep", version: -1 },
  { op: "setAcl", path: "/watched", acl: "twice", version: -1 },
  { op: "delete", path: "/watched/new", version: -1 },
  multi(create("/watched/m"), { op: "setData", path: "/watched/m", data: "", version: 0 }),
  multi({ op: "delete", path: "/watched/m", version: 1 }, create("/watched/m")),
  { op: "delete", path: "/watched/m", version: -1 },
  { op: "delete", path: "/watched", version: -1 },
  create("/watched"),
];

export const SCRIPTS: Readonly<Record<string, readonly Step[]>> = {
  "paths that no znode can have": [
    ...wire("s"),
    ...BAD_PATHS.flatMap((path) =>
      each(
        "s",
        create(path),
        create(path, { flags: 2 }),
        { op: "create2", path },
        { op: "delete", path, version: -1 },
        { op: "exists", path },
        { op: "getData", path },
        { op: "setData", path, data: "", version: -1 },
        { op: "getAcl", path },
        { op: "getChildren", path },
        { op: "sync", path },
        { op: "getAllChildrenNumber", path },
        { op: "getEphemerals", path },
        multi(create(path)),
        multi({ op: "check", path, version: -1 }),
      ),
    ),
  ],
  "sequential names": [
    ...wire("s"),
    ...adapter("p"),
    ...each(
      "s",
      create("/q"),
      create("/q/n-", { flags: 2 }),
      create("/q/", { flags: 2 }),
      create("/q/e-", { flags: 3 }),
      { op: "delete", path: "/q/n-0000000000", version: -1 },
      create("/q/n-", { flags: 2 }),
      create("/q/plain"),
      create("/q/n-", { flags: 2 }),
      create("/q/n-0000000006"),
      create("/q/n-", { flags: 2 }),
      multi(create("/q/m-", { flags: 2 }), create("/q/m-", { flags: 3 })),
      create("/", { flags: 2 }),
      { op: "getChildren2", path: "/q" },
    ),
    ...each("p", create("/q/p-", { flags: 3 }), { op: "getChildren2", path: "/q" }),
  ],
  "versions, data and stats": [
    ...wire("s"),
    ...each(
      "s",
      create("/v", { data: undefined }),
      { op: "getData", path: "/v" },
      { op: "setData", path: "/v", data: "", version: 0 },
      { op: "setData", path: "/v", data: "x", version: 0 },
      { op: "setData", path: "/v", data: undefined, version: 1 },
      { op: "setData", path: "/v", data: "x", version: -2 },
      { op: "setData", path: "/v", data: "x", version: 2 ** 31 - 1 },
      { op: "setAcl", path: "/v", acl: "read", version: 3 },
      { op: "setAcl", path: "/v", acl: "twice", version: 0 },
      { op: "setAcl", path: "/v", acl: "open", version: 0 },
      create("/v/c"),
      { op: "delete", path: "/v/c", version: 1 },
      { op: "delete", path: "/v", version: -1 },
      { op: "delete", path: "/v/c", version: 0 },
      { op: "exists", path: "/v" },
      // No check outside of a multi: 3.8 never answers one that holds, and no client sends one.
      { op: "delete", path: "/v", version: 2 },
      { op: "delete", path: "/zookeeper", version: -1 },
      { op: "delete", path: "/", version: -1 },
    ),
  ],
  "kinds of znodes by number": [
    ...wire("s"),
    ...[-1, 0, 1, 2, 3, 4, 5, 6, 7].flatMap((flags) =>
      each(
        "s",
        create(`/k${flags}`, { flags }),
        { op: "create2", path: `/l${flags}`, flags },
        multi(create(`/m${flags}`, { flags })),
      ),
    ),
    ...each(
      "s",
      { op: "createContainer", path: "/box" },
      { op: "createTtl", path: "/t", ttlMs: 9 },
    ),
    ...each("s", { op: "getEphemerals", path: "/" }, { op: "getEphemerals", path: "/k" }),
    ...each("s", create("/k1/child"), create("/box/child"), { op: "exists", path: "/box" }),
  ],
  "transactions, whole and failed at every place": [
    ...wire("s"),
    ...adapter("p"),
    ...each("s", create("/t"), multi()),
    ...["s", "p"].flatMap((session) =>
      each(
        session,
        multi(
          create(`/t/${session}`),
          create(`/t/${session}/child`, { data: "x" }),
          { op: "setData", path: `/t/${session}`, data: "1", version: 0 },
          { op: "setData", path: `/t/${session}`, data: "2", version: 1 },
          { op: "check", path: `/t/${session}`, version: 2 },
          { op: "delete", path: `/t/${session}/child`, version: 0 },
        ),
        multi({ op: "delete", path: `/t/${session}`, version: 0 }, create("/t/never")),
        multi(create("/t/never"), create("/t/never")),
        multi(create("/t/never"), create("/t/x/y"), create("/t/never2")),
        multi(create("/t/e", { flags: 1 }), create("/t/e/child")),
        multi(create("/t/a", { acl: "empty" }), create("/t/b")),
        multi({ op: "check", path: "/none", version: -1 }),
        ...[0, 1, 2, 3, -1, -2].flatMap((version) => [
          multi(create("/t/checked"), { op: "check", path: `/t/${session}`, version }),
          multi({ op: "check", path: `/t/${session}`, version }, create("/t/checked2")),
        ]),
        multi(create("/t/v0"), { op: "setData", path: "/t/v0", data: "", version: 0 }),
        multi({ op: "check", path: "/t/v0", version: 0 }, create("/t/checked0")),
        multi(create("/t/x"), { op: "delete", path: "/t", version: -1 }),
        multi(create("/t/x"), { op: "delete", path: "/t/x", version: 0 }),
        { op: "getChildren2", path: "/t" },
      ),
    ),
    ...each(
      "s",
      multi({ op: "create2", path: "/t/two" }),
      multi({ op: "createContainer", path: "/t/box" }),
    ),
  ],
  "what each ACL allows to its owner, to another and to nobody": [
    ...wire("alice", "bob", "nobody"),
    digest("alice", "alice:secret"),
    digest("bob", "bob:other"),
    ...(Object.keys(ACLS) as AclName[]).flatMap((acl) => [
      ...each("alice", create(`/acl-${acl}`, { acl }), { op: "getAcl", path: `/acl-${acl}` }),
      ...["nobody", "bob", "alice"].flatMap((session) =>
        each(session, ...permissionProbes(`/acl-${acl}`)),
      ),
    ]),
  ],
  credentials: [
    ...wire("s", "r"),
    ...each("s", { op: "whoAmI" }, create("/c", { acl: "creator" })),
    digest("s", "alice:secret"),
    digest("s", "alice:secret"),
    digest("s", "bob:other"),
    digest("s", "no-password"),
    ...each("s", { op: "whoAmI" }, create("/c", { acl: "creator" }), { op: "getAcl", path: "/c" }),
    { do: "reconnect", session: "s" },
    ...each("s", { op: "whoAmI" }, { op: "getData", path: "/c" }),
    { do: "authenticate", session: "r", scheme: "no-such-scheme", credential: "x" },
  ],
  "one-shot watches": [
    ...wire("s", "w"),
    ...adapter("p"),
    ...each("s", create("/watched")),
    ...changes.flatMap((change) => [
      ...watchAll("w", "/watched"),
      ...watchAll("w", "/watched/new"),
      ...each("p", { op: "exists", path: "/watched", watch: true }),
      ...each("p", { op: "getChildren", path: "/watched", watch: true }),
      ...each("w", { op: "exists", path: "/watched/m", watch: true }),
      call("s", change),
      ...each("w", { op: "sync", path: "/" }),
      ...each("p", { op: "getData", path: "/watched", watch: true }),
    ]),
    // One's own changes: the event is heard before the reply.
    ...watchAll("w", "/watched"),
    ...each("w", ...changes.slice(0, 3)),
  ],
  "lasting watches": [
    ...wire("s", "w", "v"),
    ...each("s", create("/watched")),
    ...each(
      "w",
      { op: "addWatch", path: "/watched", mode: 0 },
      { op: "addWatch", path: "/watched/new", mode: 1 },
      { op: "addWatch", path: "/watched", mode: 2 },
      { op: "addWatch", path: "/watched", mode: -1 },
    ),
    ...each("v", { op: "addWatch", path: "/", mode: 1 }),
    ...changes.flatMap((change) => [
      call("s", change),
      ...each("w", { op: "sync", path: "/" }),
      ...each("v", { op: "sync", path: "/" }),
    ]),
    { do: "reconnect", session: "v" },
    ...each("s", ...changes.slice(0, 4)),
    ...each(
      "v",
      { op: "removeWatches", path: "/", type: 3 },
      { op: "removeWatches", path: "/", type: 3 },
      { op: "removeWatches", path: "/", type: 9 },
    ),
  ],
  "asking for and giving up watches": [
    ...wire("s"),
    ...each(
      "s",
      create("/lonely"),
      { op: "getData", path: "/lonely", watch: true },
      { op: "checkWatches", path: "/lonely", type: 2 },
      { op: "checkWatches", path: "/lonely", type: 3 },
      { op: "checkWatches", path: "/lonely", type: 1 },
      { op: "checkWatches", path: "/other", type: 3 },
      { op: "removeWatches", path: "/lonely", type: 1 },
      { op: "removeWatches", path: "/lonely", type: 2 },
      { op: "removeWatches", path: "/lonely", type: 2 },
      { op: "setData", path: "/lonely", data: "x", version: -1 },
    ),
  ],
  "what happened while a watcher was away": changes.flatMap((change, i) => [
    ...(i === 0 ? [...wire("s", "w"), ...adapter("p"), ...each("s", create("/watched"))] : []),
    ...["w", "p"].flatMap((session): Step[] => [
      ...each(session, { op: "getData", path: "/watched", watch: true }),
      ...each(session, { op: "exists", path: "/watched/new", watch: true }),
      ...each(session, { op: "getChildren", path: "/watched", watch: true }),
      { do: "disconnect", session },
    ]),
    call("s", change),
    { do: "reconnect", session: "w" },
    { do: "reconnect", session: "p" },
  ]),
  "what is watched still after a watcher was away for nothing": [
    ...wire("s", "w"),
    ...adapter("p"),
    ...each("s", create("/watched"), create("/quiet")),
    ...["w", "p"].flatMap((session): Step[] => [
      ...each(session, { op: "getData", path: "/watched", watch: true }),
      ...each(session, { op: "exists", path: "/watched/new", watch: true }),
      ...each(session, { op: "getChildren", path: "/quiet", watch: true }),
      { do: "disconnect", session },
      { do: "reconnect", session },
    ]),
    ...[
      { op: "setData", path: "/watched", data: "1", version: -1 } as const,
      create("/watched/new"),
      create("/quiet/child"),
    ].flatMap((change) => [
      call("s", change),
      ...each("w", { op: "sync", path: "/" }),
      ...each("p", { op: "sync", path: "/" }),
    ]),
  ],
  "a watch on children alone hears of the end of its znode": [
    ...wire("s", "w"),
    ...adapter("p"),
    ...each("s", create("/lone"), create("/box"), create("/box/inner")),
    ...["w", "p"].flatMap((session) =>
      each(
        session,
        { op: "getChildren", path: "/lone", watch: true },
        { op: "getChildren2", path: "/box/inner", watch: true },
      ),
    ),
    ...each(
      "s",
      { op: "delete", path: "/lone", version: -1 },
      multi({ op: "delete", path: "/box/inner", version: 0 }),
    ),
    ...["w", "p"].flatMap((session) => each(session, { op: "sync", path: "/" })),
  ],
  "ends of sessions and their ephemerals": [
    ...wire("s", "closing"),
    ...adapter("p"),
    { do: "open", session: "dying", kind: "wire", lifetime: "short" },
    { do: "open", session: "fading", kind: "adapter", lifetime: "short" },
    ...each("s", create("/home")),
    ...["closing", "dying", "fading"].flatMap((session) =>
      each(
        session,
        create(`/home/${session}`, { flags: 1 }),
        create(`/home/${session}-`, { flags: 3 }),
        { op: "getData", path: "/home", watch: true },
      ),
    ),
    ...["s", "p"].flatMap((session) =>
      each(
        session,
        { op: "getChildren2", path: "/home", watch: true },
        { op: "exists", path: "/home/closing", watch: true },
        { op: "exists", path: "/home/dying", watch: true },
      ),
    ),
    { do: "close", session: "closing" },
    ...each("s", { op: "getChildren2", path: "/home", watch: true }),
    { do: "expire", session: "dying" },
    ...each("s", { op: "getChildren2", path: "/home", watch: true }),
    { do: "expire", session: "fading" },
    ...each("s", { op: "getChildren2", path: "/home" }),
  ],
  "quotas are counted": [
    ...wire("s"),
    ...each(
      "s",
      create("/full"),
      create("/zookeeper/quota/full"),
      create("/zookeeper/quota/full/zookeeper_limits", { data: "count=3,bytes=-1" }),
      create("/zookeeper/quota/full/zookeeper_stats", { data: "count=0,bytes=0" }),
      create("/full/a", { data: "12345" }),
      { op: "setData", path: "/full/a", data: "1", version: -1 },
      create("/full/a/b", { data: "xx" }),
      create("/full/c"),
      { op: "delete", path: "/full/a/b", version: -1 },
      { op: "getData", path: "/zookeeper/quota/full/zookeeper_stats" },
    ),
  ],
};
