import { smirnovSurvival } from './cephes.ts';

/*
 * Distribution of the Kolmogorov–Smirnov statistic of n values, P(D_n > x). No maintained package for Node has it two-sided. The choice of
 * method by region follows Simard and L'Ecuyer, "Computing the Two-Sided Kolmogorov-Smirnov Distribution", Journal of Statistical
 * Software 39 (2011) 11; the methods are those of the papers named at each function. Checked against SciPy (testdata/).
 */

/**
 * P(D_n > x) for n >= 1 values, 0 to 1; absolute error below 1e-6 (up to 140 values, and in the tail, below 1e-10).
 * NaN when n is no whole number from 1 on.
 */
export function kolmogorovSurvival(n: number, x: number): number {
  if (!Number.isInteger(n) || n < 1 || Number.isNaN(x)) return Number.NaN;
  const t = n * x;
  if (t <= 0.5) return 1;
  if (x >= 1) return 0;
  return clip(t <= 1 ? 1 - leastSteps(n, t) : t >= n - 1 ? 2 * (1 - x) ** n : betweenTheEnds(n, x));
}

function betweenTheEnds(n: number, x: number): number {
  const nxx = n * x * x;
  if (nxx >= 370) return 0; // below the smallest number there is
  const isTail = x >= 0.5 || nxx >= (n <= 140 ? 4 : 2.2);
  // Both sides at once are as good as impossible there: twice the one-sided probability.
  if (isTail) return 2 * smirnovSurvival(n, x);
  const exact = n <= 140 || (n <= 100_000 && n * x ** 1.5 <= 1.4);
  return 1 - (exact ? exactCdf(n, x) : pelzGoodCdf(n, x));
}

function clip(p: number): number {
  return Math.min(1, Math.max(0, p));
}

/** Ruben and Gambino (1982): P(D_n <= t/n) for 1/2 <= t <= 1 is n! ((2t - 1)/n)^n. */
function leastSteps(n: number, t: number): number {
  let log = 0;
  for (let i = 1; i <= n; i += 1) log += Math.log((i / n) * (2 * t - 1));
  return Math.exp(log);
}

/** P(D_n <= x) as an element of a matrix power: Durbin (1973) as Marsaglia, Tsang and Wang compute it, JSS 8 (2003) 18. */
function exactCdf(n: number, x: number): number {
  const k = Math.ceil(n * x);
  const size = 2 * k - 1;
  const raised = power(stepMatrix(k, k - n * x), size, n);
  let { exponent } = raised;
  let result = raised.values[(k - 1) * size + k - 1] ?? 0;
  for (let i = 1; i <= n; i += 1) {
    result *= i / n;
    if (result < 1e-140) {
      result *= 1e140;
      exponent -= 140;
    }
  }
  return result * 10 ** exponent;
}

function stepMatrix(k: number, h: number): Float64Array {
  const size = 2 * k - 1;
  const matrix = new Float64Array(size * size);
  const inverse = [1];
  for (let i = 1; i <= size; i += 1) inverse.push((inverse[i - 1] ?? 0) / i);
  for (let row = 0; row < size; row += 1) {
    for (let column = 0; column < size; column += 1) {
      const steps = row - column + 1;
      if (steps < 0) continue;
      let value = 1;
      if (column === 0) value -= h ** (row + 1);
      if (row === size - 1) value -= h ** (size - column);
      if (column === 0 && row === size - 1 && h > 0.5) value += (2 * h - 1) ** size;
      matrix[row * size + column] = value * (inverse[steps] ?? 0);
    }
  }
  return matrix;
}

/** `values * 10^exponent` is the n-th power; the exponent is kept apart because the elements grow beyond any number. */
interface Scaled {
  readonly values: Float64Array;
  readonly exponent: number;
}

function power(matrix: Float64Array, size: number, n: number): Scaled {
  let result: Scaled | null = null;
  let square: Scaled = { values: matrix, exponent: 0 };
  for (let left = n; ; left = Math.floor(left / 2)) {
    if (left % 2 === 1) result = result === null ? square : multiply(result, square, size);
    if (left <= 1) return result ?? square;
    square = multiply(square, square, size);
  }
}

function multiply(a: Scaled, b: Scaled, size: number): Scaled {
  const values = new Float64Array(size * size);
  for (let i = 0; i < size; i += 1) {
    for (let k = 0; k < size; k += 1) {
      const factor = a.values[i * size + k] ?? 0;
      if (factor === 0) continue;
      for (let j = 0; j < size; j += 1) values[i * size + j]! += factor * (b.values[k * size + j] ?? 0);
    }
  }
  const middle = values[Math.floor(size / 2) * (size + 1)] ?? 0;
  if (middle <= 1e140) return { values, exponent: a.exponent + b.exponent };
  for (let i = 0; i < values.length; i += 1) values[i]! *= 1e-140;
  return { values, exponent: a.exponent + b.exponent + 140 };
}

/** P(D_n <= x) as a series in 1/sqrt(n) up to n^-3/2: Pelz and Good, JRSS B 38 (1976) 152. */
function pelzGoodCdf(n: number, x: number): number {
  const z = Math.sqrt(n) * x;
  const [z2, z4, z6, z8] = [z ** 2, z ** 4, z ** 6, z ** 8];
  const p2 = Math.PI ** 2;
  const half = Math.sqrt(Math.PI / 2);
  // Sums over all whole k; each term is the same for -k (and for -k-1 where k + 1/2 is raised to an even power).
  let [k0, k1, k2, k3] = [0, 0, 0, 0];
  for (let k = 0; k < 100; k += 1) {
    const q = p2 * (k + 0.5) ** 2;
    const e = 2 * Math.exp(-q / (2 * z2));
    k0 += e;
    k1 += (q - z2) * e;
    k2 += (6 * z6 + 2 * z4 + (2 * z4 - 5 * z2) * q + (1 - 2 * z2) * q ** 2) * e;
    k3 += (-30 * z6 - 90 * z8 + (135 * z4 - 96 * z6) * q + (212 * z4 - 60 * z2) * q ** 2 + (5 - 30 * z2) * q ** 3) * e;
    if (e < 1e-300) break;
  }
  let [whole2, whole3] = [0, 0];
  for (let k = 1; k < 100; k += 1) {
    const q = p2 * k ** 2;
    const e = 2 * Math.exp(-q / (2 * z2));
    whole2 += q * e;
    whole3 += (3 * q * z2 - q ** 2) * e;
    if (e < 1e-300) break;
  }
  const first = (half / z) * k0;
  const second = (half * k1) / (6 * z4);
  const third = half * (k2 / (72 * z ** 7) - whole2 / (36 * z ** 3));
  const fourth = half * (k3 / (6480 * z ** 10) + whole3 / (216 * z6));
  return first + second / Math.sqrt(n) + third / n + fourth / n ** 1.5;
}
