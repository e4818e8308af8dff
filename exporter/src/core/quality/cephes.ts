// @ts-expect-error: the package has types, but does not name them in its exports (3.3.3); then the interface below can go.
import untyped from 'cephes';

/** What is used of the Cephes library, on which SciPy builds as well. */
interface Cephes {
  /** Settles when the WebAssembly is ready, a few milliseconds after the import. */
  readonly compiled: Promise<void>;
  chdtrc(freedom: number, x: number): number;
  smirnov(n: number, x: number): number;
}

const cephes: Cephes = untyped as Cephes;
await cephes.compiled;

/** P(X > x) of chi-square with so many degrees of freedom. */
export function chiSquareSurvival(freedom: number, x: number): number {
  return orUnderflow(() => cephes.chdtrc(freedom, x));
}

/** P(D_n^+ > x), the one-sided Kolmogorov–Smirnov distribution of n values. */
export function smirnovSurvival(n: number, x: number): number {
  return orUnderflow(() => cephes.smirnov(n, x));
}

/** The library throws where a probability is too small for a number; at many rows most are. */
function orUnderflow(compute: () => number): number {
  try {
    return compute();
  } catch (thrown) {
    if (Error.isError(thrown) && thrown.message.includes('underflow')) return 0;
    throw thrown;
  }
}
