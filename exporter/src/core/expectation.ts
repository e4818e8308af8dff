import type { Expectation } from '../contract/operation.ts';

/** How long an operation of the same kind took, and how much it worked on. */
export interface Measured {
  readonly seconds: number;
  /** Null where that was not noted. */
  readonly bytes: number | null;
}

const most = 5;
/** Within this factor of size the time is taken as it was. */
const alike = 2;
/** Beyond this factor a guess would be an invention. */
const farthest = 10;
/** Below this size starting up takes longer than the bytes do, so the size says nothing about the time. */
const startUpBytes = 64 * 1024 * 1024;

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const [low = 0, high = 0] =
    sorted.length % 2 === 0 ? sorted.slice(middle - 1, middle + 1) : [sorted[middle], sorted[middle]];
  return (low + high) / 2;
}

/**
 * What earlier ones of the kind say: the median of the newest five, scaled by size where sizes are known and differ much.
 * `history`: newest first. `bytes`: what this one would work on. Pure.
 */
export function expectSeconds(history: readonly Measured[], bytes: number | null): Expectation {
  const newest = history.slice(0, most);
  if (newest.length === 0) return { known: false, why: 'nothing like it has succeeded here before' };
  const count = newest.length === 1 ? 'the last one' : `the last ${newest.length}`;
  const sized = newest.flatMap(({ seconds, bytes: size }) => (size !== null && size > 0 ? [{ seconds, size }] : []));
  const asItWas: Expectation = {
    known: true,
    seconds: median(newest.map(({ seconds }) => seconds)),
    source: `median of ${count}`,
  };
  if (bytes === null || sized.length < newest.length) return asItWas;
  const times = Math.max(bytes, startUpBytes) / Math.max(median(sized.map(({ size }) => size)), startUpBytes);
  if (times > farthest) return { known: false, why: 'only much smaller ones have succeeded here before' };
  if (times <= alike && times * alike >= 1) return asItWas;
  return { known: true, seconds: asItWas.seconds * times, source: `median of ${count}, for this size` };
}
