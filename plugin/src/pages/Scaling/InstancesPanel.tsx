import { t } from '../../text.ts';
import { Text } from '@grafana/ui';
import { Panel } from '../../components/Panel.tsx';
import { StatusBadge } from '../../components/StatusBadge.tsx';
import { Time } from '../../components/Time.tsx';
import { DataTable, type Column } from '../../lib/DataTable.tsx';
import type { Instance, Scaling } from '../../lib/scaling-api.ts';
import { metricText, sortedInstances } from '../../lib/scaling-view.ts';
import { scalingTestIds } from './testIds.ts';
import { instanceWord } from './words.ts';

/** Every instance, those that need a look first, and which must not be removed. */
export function InstancesPanel({ facts }: { readonly facts: Scaling }): React.JSX.Element {
  const { fleet, decision } = facts;
  const next = new Set(decision?.remove ?? []);
  return (
    <Panel title={t('instance.title', 'Instances')} testId={scalingTestIds.instances}>
      {fleet === null ? (
        <Text color="secondary">
          {t('instance.unknown', 'Nobody knows which instances there are: {{why}}', {
            why: facts.problem ?? t('instance.not-looked', 'nobody has looked yet'),
          })}
        </Text>
      ) : fleet.instances.length === 0 ? (
        <Text color="secondary">{t('instance.none', 'None runs.')}</Text>
      ) : (
        <DataTable
          label={t('instance.title', 'Instances')}
          columns={columnsOf(next)}
          rows={sortedInstances(fleet.instances)}
          keyOf={({ name }) => name}
        />
      )}
    </Panel>
  );
}

function columnsOf(next: ReadonlySet<string>): readonly Column<Instance>[] {
  return [
    { id: 'name', header: t('instance.col-name', 'Instance'), cell: ({ name }) => name },
    { id: 'state', header: t('instance.col-state', 'State'), cell: ({ state }) => <State state={state} /> },
    {
      id: 'age',
      header: t('instance.col-age', 'Started'),
      cell: ({ startedAt }) => <Time at={startedAt} show="age" />,
    },
    {
      id: 'load',
      header: t('instance.col-load', 'Load'),
      isNumber: true,
      cell: ({ load }) => metricText(load, undefined),
    },
    {
      id: 'address',
      header: t('instance.col-address', 'Address'),
      cell: ({ address }) => address ?? t('instance.no-address', 'none'),
    },
    {
      id: 'removable',
      header: t('instance.col-removable', 'May be removed'),
      cell: ({ name, state, protectedBy }) =>
        state === 'draining' ? t('instance.ending', 'It is ending') : removableText(protectedBy, next.has(name)),
    },
    { id: 'detail', header: t('instance.col-detail', 'Detail'), cell: ({ detail }) => detail ?? '' },
  ];
}

function removableText(protectedBy: string | null, isNext: boolean): string {
  if (protectedBy !== null) return t('instance.protected', 'No: {{why}}', { why: protectedBy });
  return isNext ? t('instance.next', 'Yes, as the next one') : t('instance.may', 'Yes');
}

function State({ state }: { readonly state: Instance['state'] }): React.JSX.Element {
  const { tone, text } = instanceWord(state);
  return <StatusBadge tone={tone} text={text} />;
}
