/** Names by which unit and browser tests find the parts of the Drills page. */
export const drillTestIds = {
  service: (name: string) => `genesis-drills-service-${name}`,
  run: (name: string) => `genesis-drills-run-${name}`,
  history: 'genesis-drills-history',
  evidence: 'genesis-drill-evidence',
  levels: 'genesis-drill-levels',
} as const;
