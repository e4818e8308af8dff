import { administrationHandlers } from './administration.ts';
import { backupHandlers } from './backups.ts';
import type { Handlers } from './call.ts';
import { failoverHandlers } from './failover.ts';
import { scalingHandlers } from './scaling.ts';
import { liveHandlers } from '../live/handlers.ts';
import { operationHandlers } from './operations.ts';
import { playbookHandlers } from './playbooks.ts';
import { serviceHandlers } from './services.ts';

/** One handler for every action of contract/actions; the compiler says when one is missing. */
export const handlers: Handlers = {
  ...serviceHandlers,
  ...backupHandlers,
  ...operationHandlers,
  ...failoverHandlers,
  ...scalingHandlers,
  ...playbookHandlers,
  ...administrationHandlers,
  ...liveHandlers,
};
