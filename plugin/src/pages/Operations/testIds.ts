/** Names by which unit and browser tests find the parts of the Operations page. */
export const operationTestIds = {
  running: 'genesis-operations-running',
  past: 'genesis-operations-past',
  drawer: 'genesis-operation-drawer',
} as const;
