/** How tables are compared; from the section `quality` of a service. */
export interface QualitySettings {
  /** Differences whose p-value is above this are chance. */
  readonly significance: number;
  /** A difference of distributions below this effect counts as a match, however many rows prove it. */
  readonly effect: number;
  /** Columns with fewer distinct values are categorical. */
  readonly categories: number;
  readonly limits: QualityLimits;
}

export interface QualityLimits {
  readonly minScore: number;
  readonly maxPrivacyRisk: number;
  readonly maxDivergence: number;
}

export type StatedKind = 'numeric' | 'categorical' | 'text' | 'time' | 'boolean';

export interface TableSettings {
  /** `schema.table`. */
  readonly name: string;
  /** Columns that tell who somebody is. */
  readonly sensitive: readonly string[];
  /** What a column is, where its type in the database does not say it. */
  readonly types: Readonly<Record<string, StatedKind>>;
  readonly ranges: Readonly<Record<string, ValueRange>>;
}

export interface ValueRange {
  readonly min: number | null;
  readonly max: number | null;
}

/** A table of which nothing was said. */
export function plainTable(name: string): TableSettings {
  return { name, sensitive: [], types: {}, ranges: {} };
}
