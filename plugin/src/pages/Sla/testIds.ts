/** Names by which unit and browser tests find the parts of the service-level page. */
export const slaTestIds = {
  history: 'genesis-sla-history',
  service: (name: string) => `genesis-sla-service-${name}`,
} as const;
