import { t } from '../../text.ts';
import { Stack, Text, TextLink, useTheme2 } from '@grafana/ui';
import type { Service } from '../../api/types.ts';
import { Facts } from '../../components/flow/PlanView.tsx';
import { HealthLine } from '../../components/health.tsx';
import { StatusBadge } from '../../components/StatusBadge.tsx';
import { testIds } from '../../components/testIds.ts';
import { Time } from '../../components/Time.tsx';
import { useNow } from '../../components/useNow.ts';
import { againstWord, VerdictBadge } from '../../components/verdict.tsx';
import { formatDuration, formatPercent } from '../../lib/format.ts';
import { against, missingPoints, nextBackup, rpoNow } from '../../lib/overview.ts';
import { operationUrl, pageUrl, serviceUrl } from '../index.ts';

/** Points with their mends that a card has room for. */
const shownPoints = 2;

/** One service: the answer, what is missing with its mend, and the figures behind it. */
export function ServiceCard({ service }: { readonly service: Service }): React.JSX.Element {
  const theme = useTheme2();
  return (
    <article
      aria-label={service.name}
      data-testid={testIds.overview.service(service.name)}
      data-answer={service.verdict.answer}
      style={{
        background: theme.colors.background.secondary,
        borderRadius: theme.shape.radius.default,
        padding: theme.spacing(2),
        minWidth: 0,
      }}
    >
      <Stack direction="column" gap={1.5}>
        <Stack justifyContent="space-between" alignItems="center" gap={1} wrap="wrap">
          <TextLink href={serviceUrl(service.name)} variant="h5" inline={false}>
            {service.name}
          </TextLink>
          <VerdictBadge verdict={service.verdict} />
        </Stack>
        <Text color="secondary">{reasonOf(service)}</Text>
        <Held service={service} />
        {service.health !== null && <HealthLine health={service.health} />}
        <Missing service={service} />
        <Figures service={service} />
      </Stack>
    </article>
  );
}

/** Why the answer is not simply yes; where it is, whether it could be better. */
export function reasonOf({ verdict, readiness }: Service): string {
  if (verdict.reason !== null) return verdict.reason;
  const count = missingPoints(readiness.checks).length;
  if (count === 0) return t('card.nothing', 'Nothing is missing.');
  return t('card.better', 'All objectives are met; still missing for full readiness: {{count}}', { count });
}

/** What holds the service's own work, or is under way. */
export function Held({ service }: { readonly service: Service }): React.JSX.Element | null {
  const { pause, maintenance, runningOperation } = service;
  if (pause === null && maintenance === null && runningOperation === null) return null;
  return (
    <Stack gap={1} wrap="wrap" alignItems="center">
      {pause === null ? null : (
        <StatusBadge
          tone="attention"
          text={t('card.paused', 'Paused')}
          tooltip={t('card.pausedBy', 'By {{by}}: {{reason}}', { by: pause.by, reason: pause.reason })}
        />
      )}
      {maintenance === null ? null : (
        <StatusBadge
          tone="attention"
          text={t('card.maintenance', 'In maintenance')}
          tooltip={t('card.pausedBy', 'By {{by}}: {{reason}}', { by: maintenance.by, reason: maintenance.reason })}
        />
      )}
      {runningOperation === null ? null : (
        <TextLink href={operationUrl(runningOperation.id)}>
          {t('card.running', 'Running: {{kind}}', { kind: runningOperation.kind })}
        </TextLink>
      )}
    </Stack>
  );
}

function Missing({ service }: { readonly service: Service }): React.JSX.Element | null {
  const points = missingPoints(service.readiness.checks);
  if (points.length === 0) return null;
  return (
    <Stack direction="column" gap={1}>
      {points.slice(0, shownPoints).map((point) => (
        <MissingPoint key={point.id} point={point} />
      ))}
      {points.length <= shownPoints ? null : (
        <TextLink href={serviceUrl(service.name)} variant="bodySmall" inline={false}>
          {t('card.more', 'and {{count}} more', { count: points.length - shownPoints })}
        </TextLink>
      )}
    </Stack>
  );
}

/** The fact, and what mends it. */
export function MissingPoint({ point }: { readonly point: Service['readiness']['checks'][number] }): React.JSX.Element {
  const theme = useTheme2();
  const isUnknown = point.result === 'unknown';
  return (
    <div
      style={{
        borderLeft: `2px solid ${isUnknown ? theme.colors.border.strong : theme.colors.warning.border}`,
        paddingLeft: theme.spacing(1),
        overflowWrap: 'anywhere',
      }}
    >
      <Text variant="bodySmall" weight="medium">
        {isUnknown ? t('card.unknownPoint', 'Not known: {{evidence}}', { evidence: point.evidence }) : point.evidence}
      </Text>
      {point.mend === null ? null : (
        <div>
          <Text variant="bodySmall" color="secondary">
            {point.mend}
          </Text>
        </div>
      )}
    </div>
  );
}

function Figures({ service }: { readonly service: Service }): React.JSX.Element {
  const now = useNow(5_000);
  const rpo = rpoNow(service.rpoSeconds, now);
  const rto = service.rtoSeconds.known ? service.rtoSeconds.value : null;
  const newest = service.backups.known ? service.backups.value.newest : null;
  const next = nextBackup(service.schedules);
  const drills = service.drills.known ? service.drills.value : null;
  return (
    <Facts
      minWidth={115}
      rows={[
        [t('card.readiness', 'Readiness'), formatPercent(service.readiness.score, 0)],
        [
          t('card.rpo', 'Data loss now / objective'),
          <Objective key="rpo" seconds={rpo} objective={service.objectives.rpo_sla} />,
        ],
        [
          t('card.rto', 'Recovery time / objective'),
          <Objective key="rto" seconds={rto} objective={service.objectives.rto_sla} />,
        ],
        [
          t('card.newest', 'Newest backup'),
          newest === null ? (
            service.backups.known ? (
              t('card.none', 'none')
            ) : (
              t('time.unknown', 'not known')
            )
          ) : (
            <TextLink key="newest" href={pageUrl('backups', { backup: newest.id })} color="primary">
              <Time at={newest.endedAt} show="age" />
            </TextLink>
          ),
        ],
        [
          t('card.next', 'Next backup'),
          next === null ? (
            service.pause === null ? (
              t('card.noSchedule', 'none planned')
            ) : (
              t('card.held', 'none while paused')
            )
          ) : (
            <span key="next">
              {next.type} <Time at={next.nextAt} show="age" />
            </span>
          ),
        ],
        [t('card.drill', 'Last drill'), <LastDrill key="drill" drills={drills} service={service.name} />],
      ]}
    />
  );
}

export function Objective({
  seconds,
  objective,
}: {
  readonly seconds: number | null;
  readonly objective: number | undefined;
}): React.JSX.Element {
  if (objective === undefined)
    return <span>{seconds === null ? t('time.unknown', 'not known') : formatDuration(seconds)}</span>;
  const verdict = against(seconds, objective);
  const shown = seconds === null ? t('time.unknown', 'not known') : formatDuration(Math.round(seconds * 10) / 10);
  return (
    <Text color={verdict === 'missed' ? 'warning' : 'primary'}>
      {`${shown} / ${formatDuration(objective)}${verdict === 'missed' ? ` (${againstWord(verdict)})` : ''}`}
    </Text>
  );
}

type DrillFacts = Extract<Service['drills'], { known: true }>['value'];

function LastDrill({
  drills,
  service,
}: {
  readonly drills: DrillFacts | null;
  readonly service: string;
}): React.JSX.Element {
  if (drills === null) return <span>{t('time.unknown', 'not known')}</span>;
  if (drills.lastRunAt === null) return <span>{t('card.neverDrilled', 'never')}</span>;
  return (
    <TextLink href={pageUrl('drills', { service })} color="primary">
      {/* One box in the link, which would set word and age side by side as columns. */}
      <span>
        {drills.lastPassed === true ? t('card.drillPassed', 'passed') : t('card.drillFailed', 'failed')}{' '}
        <Time at={drills.lastRunAt} show="age" />
      </span>
    </TextLink>
  );
}
