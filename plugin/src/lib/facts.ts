/** Facts of a service as a page shows them. Unknown is never a number and never nothing. */

type Reading<T> =
  | { readonly known: true; readonly at: string; readonly value: T }
  | { readonly known: false; readonly at: string; readonly error: { readonly message: string; readonly hint: string } };

/** `absent`: the service has nothing of the kind, or the exporter is older than the page. */
export type Part<T> =
  | { readonly kind: 'absent' }
  | { readonly kind: 'unknown'; readonly at: string; readonly why: string; readonly hint: string }
  | { readonly kind: 'known'; readonly at: string; readonly value: T };

export function partOf<T>(reading: Reading<T> | null | undefined): Part<T> {
  if (reading === null || reading === undefined) return { kind: 'absent' };
  return reading.known
    ? { kind: 'known', at: reading.at, value: reading.value }
    : { kind: 'unknown', at: reading.at, why: reading.error.message, hint: reading.error.hint };
}
