/** What a probe brought back. Unknown is never a value: it says why, in words for a person. */
export type Answer<T> = { readonly known: true; readonly value: T } | { readonly known: false; readonly why: string };

export function known<T>(value: T): Answer<T> {
  return { known: true, value };
}

export function unknown(why: string): Answer<never> {
  return { known: false, why };
}

export function mapAnswer<T, U>(answer: Answer<T>, change: (value: T) => U): Answer<U> {
  return answer.known ? known(change(answer.value)) : answer;
}
