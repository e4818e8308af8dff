/** Names by which unit and browser tests find things. */
export const testIds = {
  page: (id: string) => `genesis-page-${id}`,
  loading: 'genesis-loading',
  error: 'genesis-error',
  empty: {
    notConfigured: 'genesis-empty-not-configured',
    nothingYet: 'genesis-empty-nothing-yet',
    noMatch: 'genesis-empty-no-match',
  },
  connection: { notice: 'genesis-connection-notice', state: 'genesis-connection-state', updated: 'genesis-updated' },
  flow: {
    dialog: 'genesis-flow',
    plan: 'genesis-flow-plan',
    blockers: 'genesis-flow-blockers',
    changed: 'genesis-flow-changed',
    reason: 'genesis-flow-reason',
    confirm: 'genesis-flow-confirm',
    submit: 'genesis-flow-submit',
    cancelOperation: 'genesis-flow-cancel-operation',
    progress: 'genesis-flow-progress',
    result: 'genesis-flow-result',
    close: 'genesis-flow-close',
  },
  approval: {
    part: 'genesis-approval',
    approve: 'genesis-approval-approve',
    refuse: 'genesis-approval-refuse',
  },
  overview: {
    headline: 'genesis-overview-headline',
    service: (name: string) => `genesis-overview-service-${name}`,
    alerts: 'genesis-overview-alerts',
    metrics: 'genesis-overview-metrics',
  },
  configuration: {
    apiUrl: 'genesis-config-api-url',
    token: (name: string) => `genesis-config-${name}`,
    save: 'genesis-config-save',
    test: 'genesis-config-test',
    result: 'genesis-config-result',
  },
} as const;
