/** Names by which unit and browser tests find the parts of the Backups page. */
export const backupTestIds = {
  start: 'genesis-backups-start',
  drawer: 'genesis-backup-drawer',
  timeline: 'genesis-backups-timeline',
  reach: 'genesis-backups-reach',
  source: (service: string) => `genesis-backups-source-${service}`,
  windows: 'genesis-backups-windows',
  gaps: 'genesis-backups-gaps',
  restore: 'genesis-backup-restore',
  verify: 'genesis-backup-verify',
  drill: 'genesis-backup-drill',
  keep: 'genesis-backup-keep',
  remove: 'genesis-backup-delete',
} as const;
