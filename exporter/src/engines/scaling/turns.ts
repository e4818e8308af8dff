/** One change at a time of what has this key; others wait for their turn, and then look anew. */

const tails = new Map<string, Promise<unknown>>();

export async function exclusively<T>(key: string, work: () => Promise<T>): Promise<T> {
  const turn = (tails.get(key) ?? Promise.resolve()).then(work, work);
  tails.set(key, turn);
  try {
    return await turn;
  } finally {
    if (tails.get(key) === turn) tails.delete(key);
  }
}

export function isBusy(key: string): boolean {
  return tails.has(key);
}
