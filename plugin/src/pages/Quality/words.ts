import { t } from '../../text.ts';
import type { ColumnReport, PartName } from '../../lib/quality-view.ts';

export function partWord(name: PartName): string {
  switch (name) {
    case 'completeness':
      return t('quality.completeness', 'Values are there');
    case 'uniqueness':
      return t('quality.uniqueness', 'No row twice');
    case 'validity':
      return t('quality.validity', 'Types and ranges');
    case 'distribution':
      return t('quality.distribution', 'Distributions');
    case 'correlation':
      return t('quality.correlation', 'Correlations');
    default:
      return t('quality.volume', 'Number of rows');
  }
}

export function kindWord(kind: ColumnReport['kind']): string {
  switch (kind) {
    case 'numeric':
      return t('column.numeric', 'Number');
    case 'categorical':
      return t('column.categorical', 'Category');
    case 'text':
      return t('column.text', 'Text');
    case 'time':
      return t('column.time', 'Time');
    case 'boolean':
      return t('column.boolean', 'Yes or no');
    default:
      return t('column.other', 'Other');
  }
}

/** How much a test's effect is, in its own measure. */
export function testWord(test: NonNullable<ColumnReport['test']>): string {
  const effect = test.effect.toFixed(3);
  return test.test === 'kolmogorov_smirnov'
    ? t('column.ks', 'Kolmogorov–Smirnov D {{effect}}', { effect })
    : t('column.chi', "Chi-square, Cramér's V {{effect}}", { effect });
}
