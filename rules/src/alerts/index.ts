import type { Alert } from './alert.ts';
import { backupAlerts } from './backup.ts';
import { exporterAlerts, watchdogAlerts } from './exporter.ts';
import { readinessAlerts } from './readiness.ts';
import { recoveryAlerts } from './recovery.ts';
import { replicationAlerts } from './replication.ts';

/** All alerts, causes before what they cause: they are evaluated in this order, so an inhibiting alert is never late. */
export const alerts: readonly Alert[] = [
  ...exporterAlerts,
  ...backupAlerts,
  ...recoveryAlerts,
  ...replicationAlerts,
  ...readinessAlerts,
  ...watchdogAlerts,
];
