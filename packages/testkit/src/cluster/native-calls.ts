/** A native plane's answer to a JSON call. */
export type NativeAnswer = { readonly status: number; readonly body: unknown };

/** The plainest client there is: one JSON call by HTTP, without retries. */
export async function callBroker(
  url: string,
  call: string,
  request: unknown = {},
): Promise<NativeAnswer> {
  const response = await fetch(`${url}/v1/${call}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(request),
  });
  return { status: response.status, body: await response.json() };
}
