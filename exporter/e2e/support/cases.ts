const everyCase = 'GENESIS_TEST_EVERY_CASE';

/** CI runs one case a class: the first of them. A `.long` file that calls `everyCaseOf` runs them all. */
export function casesOf<T>(cases: readonly [T, ...T[]]): T[] {
  return process.env[everyCase] === '1' ? [...cases] : [cases[0]];
}

/** Runs the tests of a file with all their cases: `await everyCaseOf(() => import('./some.e2e.ts'))`. */
export async function everyCaseOf(load: () => Promise<unknown>): Promise<void> {
  process.env[everyCase] = '1';
  try {
    await load();
  } finally {
    Reflect.deleteProperty(process.env, everyCase);
  }
}
