/** Names by which unit and browser tests find the parts of the Replication page. */
export const replicationTestIds = {
  service: (name: string) => `genesis-replication-${name}`,
} as const;
