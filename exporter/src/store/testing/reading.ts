import { OpError } from '../../contract/errors.ts';
import type { Page } from '../port.ts';

export function range(length: number): number[] {
  return Array.from({ length }, (_, n) => n);
}

export async function collect<T>(chunks: AsyncIterable<readonly T[]>): Promise<T[]> {
  const all: T[] = [];
  for await (const chunk of chunks) all.push(...chunk);
  return all;
}

export async function everyPage<T>(page: (cursor: { readonly cursor?: string }) => Promise<Page<T>>): Promise<T[]> {
  const all: T[] = [];
  let cursor: { readonly cursor?: string } = {};
  for (;;) {
    const { items, next } = await page(cursor);
    all.push(...items);
    if (next === null) return all;
    cursor = { cursor: next };
  }
}

export async function expectCode(promise: Promise<unknown>, code: OpError['code']): Promise<void> {
  const thrown: unknown = await promise.then(
    () => 'nothing was thrown',
    (error: unknown) => error,
  );
  expect(thrown).toBeInstanceOf(OpError);
  expect((thrown as OpError).code).toBe(code);
}
