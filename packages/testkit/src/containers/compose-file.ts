import { readFileSync } from "node:fs";
import { parse } from "yaml";

/** One service of a compose file, as far as ours use the format. */
export type ComposeService = {
  readonly name: string;
  readonly image: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Names of the services that must be healthy first. */
  readonly dependsOn: readonly string[];
};

type Written = {
  readonly services: Readonly<
    Record<
      string,
      {
        readonly image: string;
        readonly environment?: Readonly<Record<string, string>>;
        readonly depends_on?: Readonly<Record<string, unknown>>;
      }
    >
  >;
};

/** @param variables fill `${NAME:-default}`, as the environment of `docker compose` does. */
export function readComposeFile(
  path: string,
  variables: Readonly<Record<string, string>>,
): readonly ComposeService[] {
  const text = readFileSync(path, "utf8").replace(
    /\$\{(\w+):-([^}]*)\}/g,
    (_whole, name: string, other: string) => variables[name] ?? other,
  );
  const { services } = parse(text, { merge: true }) as Written;
  return Object.entries(services).map(([name, service]) => ({
    name,
    image: service.image,
    environment: service.environment ?? {},
    dependsOn: Object.keys(service.depends_on ?? {}),
  }));
}
