/** Names by which unit and browser tests find the parts of the Alerts page. */
export const alertTestIds = {
  create: 'genesis-alerts-create',
  table: 'genesis-alerts-table',
  edit: (id: string) => `genesis-alert-edit-${id}`,
  remove: (id: string) => `genesis-alert-delete-${id}`,
} as const;
