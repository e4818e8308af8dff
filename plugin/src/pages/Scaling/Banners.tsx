import { t } from '../../text.ts';
import { Alert, Stack } from '@grafana/ui';
import { Time } from '../../components/Time.tsx';
import type { Scaling } from '../../lib/scaling-api.ts';
import { missingMetrics } from '../../lib/scaling-view.ts';
import { scalingTestIds } from './testIds.ts';
import { missingWord } from './words.ts';

/** What changes how everything below is to be read, the worst first. */
export function Banners({ facts }: { readonly facts: Scaling }): React.JSX.Element | null {
  if (!hasBanner(facts)) return null;
  return (
    <div data-testid={scalingTestIds.banners}>
      <Stack direction="column" gap={1}>
        {facts.problem !== null && (
          <Alert
            severity="error"
            bottomSpacing={0}
            title={t('banner.no-fleet', 'The instances are not known, so nothing is added or removed')}
          >
            {facts.problem}
          </Alert>
        )}
        <Missing facts={facts} />
        <ModeBanner facts={facts} />
        {facts.fleet !== null && facts.fleet.ownedBy !== null && <Owned owner={facts.fleet.ownedBy} />}
        <Warnings warnings={facts.warnings} />
      </Stack>
    </div>
  );
}

function hasBanner(facts: Scaling): boolean {
  const { problem, frozenSince, mode, pause, override, fleet, warnings } = facts;
  const isChanged = problem !== null || frozenSince !== null || pause !== null || override !== null;
  const isOwned = fleet !== null && fleet.ownedBy !== null;
  return isChanged || isOwned || mode !== 'auto' || warnings.length > 0 || missingMetrics(facts).length > 0;
}

/** Frozen, or about to be: which values are missing and why. */
function Missing({ facts }: { readonly facts: Scaling }): React.JSX.Element | null {
  const missing = missingMetrics(facts);
  const { frozenSince } = facts;
  if (frozenSince === null && missing.length === 0) return null;
  const isFrozen = frozenSince !== null;
  return (
    <div data-testid={isFrozen ? scalingTestIds.frozen : scalingTestIds.missing} role={isFrozen ? 'alert' : 'status'}>
      <Alert
        severity={isFrozen ? 'error' : 'warning'}
        bottomSpacing={0}
        title={
          isFrozen
            ? t('banner.frozen', 'Frozen for want of metrics: nothing is added or removed')
            : t('banner.missing', 'Metrics are missing: nothing is removed, and it freezes if they stay away')
        }
      >
        <Stack direction="column" gap={0.5}>
          {isFrozen && (
            <span>
              {t('banner.since', 'Since')} <Time at={frozenSince} />
            </span>
          )}
          {missing.map(({ name, why, detail }) => (
            <span key={name} style={{ overflowWrap: 'anywhere' }}>
              <strong>{name}</strong>: {missingWord(why)}
              {detail === '' ? '' : `, ${detail}`}
            </span>
          ))}
        </Stack>
      </Alert>
    </div>
  );
}

/** Who does not know that nothing acts waits for what never comes. */
function ModeBanner({ facts }: { readonly facts: Scaling }): React.JSX.Element | null {
  const { mode, pause, override } = facts;
  return (
    <>
      {pause !== null && (
        <Alert
          severity="warning"
          bottomSpacing={0}
          title={t('banner.paused', 'Automatic scaling is paused: nothing is added or removed by itself')}
        >
          {t('automation.paused-by', 'By {{by}}: {{reason}}. Ends by itself', { by: pause.by, reason: pause.reason })}{' '}
          <Time at={pause.until} />
        </Alert>
      )}
      {mode !== 'auto' && (
        <div data-testid={scalingTestIds.mode} data-mode={mode}>
          <Alert
            severity="info"
            bottomSpacing={0}
            title={
              mode === 'observe'
                ? t('banner.observe', 'Observe: Genesis changes nothing here, it only says what it would do')
                : t('banner.manual', 'Manual: Genesis proposes a number and waits for a person')
            }
          />
        </div>
      )}
      {override !== null && (
        <Alert severity="info" bottomSpacing={0} title={t('banner.override', 'The policy was changed on this page')}>
          {t('banner.override-by', 'By {{by}}: {{reason}}. It holds in the place of that of genesis.yaml since', {
            by: override.by,
            reason: override.reason,
          })}{' '}
          <Time at={override.at} />
        </Alert>
      )}
    </>
  );
}

function Owned({ owner }: { readonly owner: string }): React.JSX.Element {
  return (
    <Alert severity="info" bottomSpacing={0} title={t('banner.owned', '{{owner}} sets the number', { owner })}>
      {t(
        'banner.owned-what',
        'What Genesis set would be overwritten, so it only says what it would do. Let one of the two decide.',
      )}
    </Alert>
  );
}

function Warnings({ warnings }: { readonly warnings: readonly string[] }): React.JSX.Element | null {
  if (warnings.length === 0) return null;
  return (
    <Alert severity="warning" bottomSpacing={0} title={t('banner.warnings', 'What puts the scaling at risk')}>
      <ul style={{ marginLeft: 16, overflowWrap: 'anywhere' }}>
        {warnings.map((warning) => (
          <li key={warning}>{warning}</li>
        ))}
      </ul>
    </Alert>
  );
}
