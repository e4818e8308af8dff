import { Stack, TextLink } from '@grafana/ui';
import type { Service } from '../../api/types.ts';
import { Facts } from '../../components/flow/PlanView.tsx';
import { Panel } from '../../components/Panel.tsx';
import { Time } from '../../components/Time.tsx';
import { useNow } from '../../components/useNow.ts';
import { formatBytes, formatCount, formatDuration, formatPercent } from '../../lib/format.ts';
import { rpoNow } from '../../lib/overview.ts';
import { t } from '../../text.ts';
import { pageUrl } from '../index.ts';
import { Objective } from '../Overview/ServiceCard.tsx';
import { ConfirmKey } from './ConfirmKey.tsx';

type Row = readonly [string, React.ReactNode];

/** What is promised for the service, and what is. */
export function Objectives({ service }: { readonly service: Service }): React.JSX.Element {
  const now = useNow(5_000);
  return (
    <Panel
      title={t('objectives.title', 'Objectives and figures')}
      aside={<TextLink href={pageUrl('sla')}>{t('objectives.levels', 'Service levels over 30 days')}</TextLink>}
    >
      <Facts rows={[...promised(service, now), ...kept(service)]} />
    </Panel>
  );
}

function promised(service: Service, nowMs: number): readonly Row[] {
  const { objectives } = service;
  const backups = service.backups.known ? service.backups.value : null;
  const drills = service.drills.known ? service.drills.value : null;
  const age = (at: string | null | undefined): number | null =>
    at === null || at === undefined ? null : Math.max(0, (nowMs - Date.parse(at)) / 1000);
  const row = (name: string, seconds: number | null, objective: number | undefined): Row => [
    name,
    <Objective key={name} seconds={seconds} objective={objective} />,
  ];
  return [
    row(t('objectives.rpo', 'Data loss now / objective (RPO)'), rpoNow(service.rpoSeconds, nowMs), objectives.rpo_sla),
    row(
      t('objectives.rto', 'Recovery time of the last passed drill / objective (RTO)'),
      service.rtoSeconds.known ? service.rtoSeconds.value : null,
      objectives.rto_sla,
    ),
    row(
      t('objectives.age', 'Age of the newest backup / objective'),
      age(backups?.newest?.endedAt),
      objectives.backup_sla,
    ),
    row(
      t('objectives.drill', 'Age of the last passed drill / objective'),
      age(drills?.lastPassedAt),
      objectives.test_frequency_sla,
    ),
    [
      t('objectives.readiness', 'Readiness / objective'),
      `${formatPercent(service.readiness.score, 0)} / ${formatPercent(objectives.readiness_sla, 0)}`,
    ],
  ];
}

function kept(service: Service): readonly Row[] {
  const unknown = t('time.unknown', 'not known');
  const backups = service.backups.known ? service.backups.value : null;
  const space = service.repository.known ? service.repository.value : null;
  const ratio = service.drills.known ? service.drills.value.successRatio : null;
  const [count, bytes] = [formatCount(backups?.count ?? 0), formatBytes(backups?.storedBytes ?? 0)];
  return [
    [
      t('objectives.verified', 'Last verified'),
      backups === null ? (
        unknown
      ) : (
        <Time key="verified" at={backups.newestVerifiedAt} show="age" absent={t('card.neverDrilled', 'never')} />
      ),
    ],
    [
      t('objectives.count', 'Backups kept'),
      backups === null ? unknown : t('objectives.countBytes', '{{number}} in {{bytes}}', { number: count, bytes }),
    ],
    [t('objectives.space', 'Free in the repository'), space === null ? unknown : spaceOf(space)],
    [t('objectives.encrypted', 'Encrypted'), <Encryption key="encrypted" service={service} />],
    [t('objectives.ratio', 'Passed of the last drills'), ratio === null ? unknown : formatPercent(ratio, 0)],
    [t('objectives.interval', 'A backup counts as too old after'), formatDuration(service.backupAgeThresholdSeconds)],
  ];
}

/** Object stores have no size: what is not told is not 0. */
function spaceOf({ freeBytes, totalBytes }: { freeBytes: number | null; totalBytes: number | null }): string {
  if (freeBytes === null) return t('objectives.spaceUntold', 'the store does not tell');
  if (totalBytes === null) return formatBytes(freeBytes);
  return t('objectives.spaceOf', '{{free}} of {{total}}', {
    free: formatBytes(freeBytes),
    total: formatBytes(totalBytes),
  });
}

function Encryption({ service }: { readonly service: Service }): React.JSX.Element {
  if (!service.encrypted) return <span>{encryption(service)}</span>;
  return (
    <Stack direction="column" gap={0.5} alignItems="flex-start">
      <span>{encryption(service)}</span>
      <ConfirmKey service={service.name} isConfirmed={service.keyConfirmed === true} />
    </Stack>
  );
}

function encryption({ encrypted, keyConfirmed }: Service): string {
  if (!encrypted) return t('objectives.plain', 'no');
  return keyConfirmed === true
    ? t('objectives.keySafe', 'yes, the key is confirmed to be kept elsewhere too')
    : t('objectives.keyUnsafe', 'yes, but nobody has confirmed that the key is kept elsewhere too');
}
