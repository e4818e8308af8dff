import { z } from 'zod';
import { duration } from './units.ts';

// Quality of restored data (D3).

const qualifiedName = z.string().regex(/^[^.]{1,63}\.[^.]{1,63}$/, { error: 'must be schema.table' });
const column = z.string().min(1).max(63);

const QualityTable = z.strictObject({
  name: qualifiedName.describe('schema.table that is compared.'),
  sensitive: z
    .array(column)
    .default([])
    .describe('Columns that tell who somebody is: rows that come back unmasked count as privacy risk.'),
  types: z
    .record(column, z.enum(['numeric', 'categorical', 'text', 'time', 'boolean']))
    .default({})
    .describe('What a column is, where its type in the database does not say it.'),
  ranges: z
    .record(
      column,
      z.strictObject({
        min: z.number().nullable().default(null).describe('Least value; null: any.'),
        max: z.number().nullable().default(null).describe('Greatest value; null: any.'),
      }),
    )
    .default({})
    .describe('Values that a numeric column may have.'),
});

export const Quality = z
  .strictObject({
    enabled: z.boolean().default(false).describe('Compare restored data in drills of level 5.'),
    database: z.string().min(1).max(63).nullable().default(null).describe('Database; null: postgres.database.'),
    against: z
      .enum(['source', 'profile'])
      .default('source')
      .describe('source: the live database; profile: what the last report saw, without asking the live one.'),
    tables: z
      .array(QualityTable)
      .default([])
      .describe('Tables to compare; empty: the twenty largest, none below a hundredth of the largest.'),
    sample_rows: z
      .int()
      .min(100)
      .max(100_000)
      .default(100_000)
      .describe('Rows of a table that are looked at, at most.'),
    seed: z.int().min(0).default(42).describe('Of the sample: the same seed takes the same pages.'),
    timeout: duration().default(300).describe('The whole comparison is ended after this.'),
    min_score: z
      .number()
      .min(0)
      .max(1)
      .default(0.8)
      .describe('A lower score fails level 5, and LowDataQualityScore fires.'),
    max_privacy_risk: z.number().min(0).max(1).default(0.3).describe('A higher risk makes HighPrivacyRisk fire.'),
    max_divergence: z.number().min(0).max(1).default(0.2).describe('A larger one makes StatisticalDivergence fire.'),
    ks_p: z.number().min(0).max(1).default(0.05).describe('A column matches with a p-value above this …'),
    effect: z
      .number()
      .min(0)
      .max(1)
      .default(0.1)
      .describe('… or with an effect (D, Cramér’s V) below this: at many rows every p-value is 0.'),
    categories: z.int().min(2).max(1000).default(20).describe('Columns with fewer distinct values are categorical.'),
  })
  .prefault({})
  .describe('How restored data is compared with its source.');
export type QualityConfig = z.output<typeof Quality>;
