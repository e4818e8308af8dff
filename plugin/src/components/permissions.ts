import type { GrafanaPrefix } from '@genesis-dr/exporter/contract/client';
import { hasPermission } from '@grafana/runtime';
import { t } from '../text.ts';
import { permissionNames, permissions } from '../constants.ts';

/** Whether the signed-in person may use a prefix. The proxy and the exporter check it again: this only spares a refusal. */
export function may(prefix: GrafanaPrefix): boolean {
  return hasPermission(permissions[prefix]);
}

/** Names the missing permission; null when it is there. */
export function missingPermission(prefix: GrafanaPrefix): string | null {
  if (may(prefix)) return null;
  return t('permission.needed', 'Needs the role "{{role}}" (permission {{permission}})', {
    role: permissionNames[prefix],
    permission: permissions[prefix],
  });
}
