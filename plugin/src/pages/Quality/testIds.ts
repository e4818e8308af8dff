/** Names by which unit and browser tests find the parts of the Data quality page. */
export const qualityTestIds = {
  service: (name: string) => `genesis-quality-${name}`,
  compare: (name: string) => `genesis-quality-compare-${name}`,
  table: 'genesis-quality-table',
} as const;
