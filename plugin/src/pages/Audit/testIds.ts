/** Names by which unit and browser tests find the parts of the Audit page. */
export const auditTestIds = {
  chain: 'genesis-audit-chain',
  table: 'genesis-audit-table',
  entry: 'genesis-audit-entry',
  exportAs: (format: string) => `genesis-audit-export-${format}`,
} as const;
