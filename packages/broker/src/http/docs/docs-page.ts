/** The parts of an OpenAPI document that the page shows. */
type Document = {
  readonly info: { readonly title: string; readonly description: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, PageOperation>>>>;
};

type PageOperation = {
  readonly tags: readonly string[];
  readonly summary: string;
  readonly parameters?: readonly unknown[];
  readonly requestBody?: { readonly content: unknown };
  readonly responses: Readonly<Record<string, unknown>>;
};

const STYLE = `
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
summary { cursor: pointer; padding: .3rem 0; }
code, pre { font: 14px/1.4 ui-monospace, monospace; }
pre { background: #8881; padding: 1rem; overflow: auto; border-radius: 4px; }
.method { display: inline-block; width: 5rem; font-weight: bold; text-transform: uppercase; }
.summary { opacity: .7; margin-left: 1rem; }
@media (prefers-color-scheme: dark) { body { background: #111; color: #ddd; } a { color: #8cf; } }
`;

/** One page, no script, nothing loaded from elsewhere: it works in a cellar without a network. */
export const DOCS_CONTENT_SECURITY_POLICY = "default-src 'none'; style-src 'unsafe-inline'";

/** The OpenAPI document for eyes. */
export function docsPage(document: Record<string, unknown>): string {
  const { info, paths } = document as unknown as Document;
  const sections = new Map<string, string[]>();
  for (const [path, methods] of Object.entries(paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      const tag = operation.tags[0] ?? "";
      sections.set(tag, [...(sections.get(tag) ?? []), operationPart(method, path, operation)]);
    }
  }
  const parts = [...sections].map(([tag, list]) => `<h2>${escapeHtml(tag)}</h2>${list.join("")}`);
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${escapeHtml(info.title)}</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><style>${STYLE}</style></head>
<body><h1>${escapeHtml(info.title)}</h1><p>${escapeHtml(info.description)}</p>
<p>For programs: <a href="/docs/openapi.json">/docs/openapi.json</a></p>${parts.join("")}</body></html>`;
}

function operationPart(method: string, path: string, operation: PageOperation): string {
  const { summary, parameters, requestBody, responses } = operation;
  const shown = [
    ["Parameters", parameters],
    ["Body", firstSchema(requestBody)],
    ["Answer", firstSchema(Object.values(responses)[0])],
  ].filter(([, value]) => value !== undefined);
  const details = shown
    .map(
      ([title, value]) =>
        `<h4>${title}</h4><pre>${escapeHtml(JSON.stringify(value, null, 2))}</pre>`,
    )
    .join("");
  return (
    `<details><summary><span class="method">${escapeHtml(method)}</span><code>${escapeHtml(path)}</code>` +
    `<span class="summary">${escapeHtml(summary)}</span></summary>${details}</details>`
  );
}

/** Both forms have the same schema; the page shows it once. */
function firstSchema(holder: unknown): unknown {
  const content = (holder as { content?: Record<string, { schema?: unknown }> })?.content;
  return content === undefined ? undefined : Object.values(content)[0]?.schema;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
