import type { GrafanaPrefix } from '@genesis-dr/exporter/contract/client';
import { t } from '../../text.ts';
import { Text } from '@grafana/ui';
import { Panel } from '../../components/Panel.tsx';
import { may } from '../../components/permissions.ts';
import { StatusBadge } from '../../components/StatusBadge.tsx';
import { permissions } from '../../constants.ts';
import { DataTable, type Column } from '../../lib/DataTable.tsx';

interface Row {
  readonly prefix: GrafanaPrefix;
  readonly grants: string;
  readonly allows: string;
}

/** Which permission allows what, who has it by default, and whether the reader has it. */
export function WhatItMay(): React.JSX.Element {
  const rows: readonly Row[] = [
    {
      prefix: 'read',
      grants: 'Viewer',
      allows: t('allows.read', 'see readiness, backups, operations, drills, alerts and service levels'),
    },
    {
      prefix: 'operate',
      grants: 'Editor',
      allows: t(
        'allows.operate',
        'start backups, verifications and drills, restore into new folders, list the files of a backup, pause services, mute their alerts',
      ),
    },
    {
      prefix: 'admin',
      grants: 'Admin',
      allows: t(
        'allows.admin',
        'restore in place, delete backups, take off the keep mark, cancel what others started, read and export the audit log',
      ),
    },
  ];
  return (
    <Panel title={t('allows.title', 'What this plugin may do')}>
      <Text color="secondary">
        {t(
          'allows.rule',
          'Grafana checks the permission, the exporter checks the role of the token again and asks for a confirmation where data could be lost.',
        )}
      </Text>
      <DataTable
        label={t('allows.title', 'What this plugin may do')}
        columns={columns()}
        rows={rows}
        keyOf={({ prefix }) => prefix}
      />
    </Panel>
  );
}

function columns(): readonly Column<Row>[] {
  return [
    {
      id: 'permission',
      header: t('allows.permission', 'Permission'),
      cell: ({ prefix }) => <code>{permissions[prefix]}</code>,
    },
    { id: 'grants', header: t('allows.grants', 'Granted to'), cell: ({ grants }) => grants },
    { id: 'allows', header: t('allows.what', 'Allows to'), cell: ({ allows }) => allows },
    {
      id: 'you',
      header: t('allows.you', 'You'),
      cell: ({ prefix }) =>
        may(prefix) ? (
          <StatusBadge tone="good" text={t('allows.have', 'Have it')} />
        ) : (
          <StatusBadge tone="neutral" text={t('allows.haveNot', 'Do not have it')} />
        ),
    },
  ];
}
