/** Names by which unit and browser tests find the parts of a service's page. */
export const serviceTestIds = {
  confirmKey: 'genesis-service-confirm-key',
  health: 'genesis-service-health',
  database: 'genesis-service-database',
} as const;
