import type { Kysely } from 'kysely';
import type { StoreDialect } from './dialect.ts';
import type { Store } from './port.ts';
import type { Schema } from './schema.ts';
import { createFactStore, createPauseStore, createTokenStore } from './tables/access.ts';
import { createAuditStore } from './tables/audit.ts';
import { createBackupStore } from './tables/backups.ts';
import { createLiveAlertStore } from './tables/live-alerts.ts';
import { createMaintenanceStore } from './tables/maintenance.ts';
import { createDrillStore, createEventStore } from './tables/history.ts';
import { createOperationStore } from './tables/operations.ts';
import { createQualityStore } from './tables/quality.ts';

/** The store over an open, migrated database. */
export function createStore(db: Kysely<Schema>, dialect: StoreDialect): Store {
  return {
    backups: createBackupStore(db),
    operations: createOperationStore(db),
    drills: createDrillStore(db),
    events: createEventStore(db),
    audit: createAuditStore(db, dialect),
    tokens: createTokenStore(db),
    pauses: createPauseStore(db),
    maintenance: createMaintenanceStore(db),
    liveAlerts: createLiveAlertStore(db),
    quality: createQualityStore(db),
    facts: createFactStore(db),
    export: () => dialect.export(),
    async close() {
      await dialect.close();
    },
  };
}
