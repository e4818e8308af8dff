import { t } from '../../text.ts';
import { Text } from '@grafana/ui';
import type { Service } from '../../api/types.ts';
import { Facts } from '../../components/flow/PlanView.tsx';
import { Panel } from '../../components/Panel.tsx';
import { StatusBadge } from '../../components/StatusBadge.tsx';
import { Time } from '../../components/Time.tsx';
import { formatBytes, formatDuration } from '../../lib/format.ts';

type Copy = Service['copies'][number];

/** What runs by itself, and when next. */
export function Schedules({ service }: { readonly service: Service }): React.JSX.Element {
  return (
    <Panel title={t('schedules.title', 'Schedule')}>
      {service.schedules.length === 0 ? (
        <Text color="secondary">
          {t('schedules.none', 'Nothing is scheduled: backups and drills run only when somebody starts them.')}
        </Text>
      ) : (
        <Facts
          rows={service.schedules.map(({ type, intervalSeconds, nextAt }) => [
            t('schedules.every', '{{type}}, every {{interval}}', { type, interval: formatDuration(intervalSeconds) }),
            nextAt === null ? t('schedules.held', 'not while paused') : <Time key={type} at={nextAt} />,
          ])}
        />
      )}
    </Panel>
  );
}

/** Where else the backups are. */
export function Copies({ service }: { readonly service: Service }): React.JSX.Element {
  return (
    <Panel title={t('copies.title', 'Copies')}>
      {service.copies.length === 0 ? (
        <Text color="secondary">
          {t('copies.none', 'No copy is configured: with the repository everything would be lost.')}
        </Text>
      ) : (
        service.copies.map((copy) => <CopyFacts key={copy.name} copy={copy} />)
      )}
    </Panel>
  );
}

function CopyFacts({ copy }: { readonly copy: Copy }): React.JSX.Element {
  const { facts } = copy;
  return (
    <section aria-label={copy.name}>
      <Text element="h3" variant="h6">
        {copy.name} <CopyBadge copy={copy} />
      </Text>
      {facts.known ? (
        <Facts
          rows={[
            [
              t('copies.lag', 'Behind by'),
              facts.value.queue === 0 ? t('copies.current', 'nothing') : formatDuration(facts.value.lagSeconds),
            ],
            [t('copies.queue', 'Backups still to copy'), String(facts.value.queue)],
            [
              t('copies.newest', 'Newest backup there'),
              <Time key="newest" at={facts.value.newestBackupEndedAt} show="age" absent={t('card.none', 'none')} />,
            ],
            [
              t('copies.free', 'Free space'),
              facts.value.freeBytes === null
                ? t('objectives.spaceUntold', 'the store does not tell')
                : formatBytes(facts.value.freeBytes),
            ],
          ]}
        />
      ) : (
        <Text color="secondary">{facts.error.message}</Text>
      )}
    </section>
  );
}

function CopyBadge({ copy: { facts } }: { readonly copy: Copy }): React.JSX.Element {
  if (!facts.known) return <StatusBadge tone="unknown" text={t('readiness.unknown', 'Not known')} />;
  if (!facts.value.connected) return <StatusBadge tone="bad" text={t('copies.disconnected', 'Disconnected')} />;
  if (facts.value.sameDisk) return <StatusBadge tone="attention" text={t('copies.sameDisk', 'On the same disk')} />;
  return facts.value.queue === 0 ? (
    <StatusBadge tone="good" text={t('copies.upToDate', 'Up to date')} />
  ) : (
    <StatusBadge tone="attention" text={t('copies.behind', 'Behind')} />
  );
}
