/** Rows of a table as the statistics need them, by column: numbers and fingerprints, never texts of sensitive columns. */
export interface TableSample {
  /** `schema.table`. */
  readonly name: string;
  readonly size: TableSize;
  readonly rows: number;
  /**
   * Independent parts of the sample: rows, or pages where whole pages were taken, because rows of one page are often alike.
   * Null: the sample is the whole table.
   */
  readonly units: number | null;
  readonly columns: readonly SampleColumn[];
  /** Columns that cannot be compared, with the reason. */
  readonly left: readonly string[];
  /** One fingerprint a row, over all its columns. */
  readonly rowPrints: Float64Array;
}

export interface TableSize {
  readonly rows: number;
  /** False: an estimate from the density of a few pages. */
  readonly counted: boolean;
  /** Set where `rows` are only those that did not change since: the other side may have up to so many. */
  readonly atMost?: number;
}

interface Column {
  readonly name: string;
  /** As the database writes it, e.g. `numeric(10,2)`. */
  readonly type: string;
  readonly nullable: boolean;
  readonly sensitive: boolean;
  /** Values that are there, but not of the kind that was stated; null: the kind of the database. */
  readonly invalid: number;
  readonly missing: number;
}

/** `time` in seconds since 1970 (or of the day, or of the interval). */
export interface NumberColumn extends Column {
  readonly form: 'numeric' | 'time';
  /** NaN: missing or invalid. */
  readonly values: Float64Array;
  /** Fingerprints of a sensitive column, NaN where missing; else null. */
  readonly prints: Float64Array | null;
}

export interface TextColumn extends Column {
  readonly form: 'text' | 'boolean' | 'categorical' | 'other';
  /** Whole numbers below 2^53 that are the same for the same text; NaN where missing. */
  readonly prints: Float64Array;
  /** Characters of each text, NaN where missing. Of `other`: stored bytes. */
  readonly lengths: Float64Array;
  /** Text of each fingerprint; null: too many, or the column is sensitive. */
  readonly labels: ReadonlyMap<number, string> | null;
}

export type SampleColumn = NumberColumn | TextColumn;

const low = 0x1_0000_0000;

/**
 * One fingerprint for several, order counts, NaN is a value of its own. 52 bits: among 100,000 rows two different ones have the same
 * with a probability of one in a million.
 */
export function combinePrints(prints: readonly number[]): number {
  let [a, b] = [0x2545_f491, 0x4f6c_dd1d];
  for (const print of prints) {
    const known = Number.isNaN(print) ? -1 : print;
    a = Math.imul(a ^ (known % low), 0x85eb_ca6b);
    a ^= a >>> 15;
    b = Math.imul(b ^ Math.floor(known / low) ^ a, 0xc2b2_ae35);
    b ^= b >>> 13;
    a = Math.imul(a ^ b, 0x27d4_eb2f);
  }
  return (a >>> 0) * 0x10_0000 + ((b >>> 0) & 0xf_ffff);
}
