/** The body as text; null when it is longer than `maxBytes`, the rest is then not read. */
export async function readBounded(response: Response, maxBytes: number): Promise<string | null> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  // Leaving the loop cancels the stream.
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** fetch hides the reason ("fetch failed") in `cause`. */
export function reasonOf(thrown: unknown): string {
  if (!Error.isError(thrown)) return String(thrown);
  const { cause } = thrown as Error;
  return Error.isError(cause) && (cause as Error).message !== '' ? (cause as Error).message : (thrown as Error).message;
}
