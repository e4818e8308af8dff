import type { alertFiles } from './alert.ts';
import { type Alert } from './alert.ts';
import { applicationAlerts } from './application.ts';
import { backupAlerts } from './backup.ts';
import { databaseAlerts } from './database.ts';
import { escalationAlerts } from './escalation.ts';
import { exporterAlerts, watchdogAlerts } from './exporter.ts';
import { failoverAlerts } from './failover.ts';
import { qualityAlerts } from './quality.ts';
import { readinessAlerts } from './readiness.ts';
import { recoveryAlerts } from './recovery.ts';
import { deploymentAlerts, regionAlerts } from './regions.ts';
import { replicationAlerts } from './replication.ts';
import { runtimeAlerts } from './runtime.ts';
import { scalingAlerts } from './scaling.ts';
import { securityAlerts } from './security.ts';
import { slaAlerts } from './sla.ts';
import { systemAlerts } from './system.ts';

export type AlertFile = keyof typeof alertFiles;

/** All alerts by file, causes before what they cause: they are evaluated in this order, so an inhibiting alert is never late. */
export const alertsByFile: Readonly<Record<AlertFile, readonly Alert[]>> = {
  dr_alerts: [
    ...exporterAlerts,
    ...regionAlerts,
    ...backupAlerts,
    ...databaseAlerts,
    ...recoveryAlerts,
    ...replicationAlerts,
    ...failoverAlerts,
    ...readinessAlerts,
    ...slaAlerts,
    ...applicationAlerts,
    ...scalingAlerts,
    ...deploymentAlerts,
    ...securityAlerts,
    ...runtimeAlerts,
    // After every critical alert that it may repeat.
    ...escalationAlerts,
    ...watchdogAlerts,
  ],
  system_health: systemAlerts,
  data_quality: qualityAlerts,
};

export const alerts: readonly Alert[] = Object.values(alertsByFile).flat();
