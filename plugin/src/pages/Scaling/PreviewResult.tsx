import { t } from '../../text.ts';
import { Alert, Stack, Text } from '@grafana/ui';
import { StatusBadge } from '../../components/StatusBadge.tsx';
import { useNow } from '../../components/useNow.ts';
import type { Preview, Scaling } from '../../lib/scaling-api.ts';
import { heldBy, moneyText, standingOf } from '../../lib/scaling-view.ts';
import { limitWord } from './limits.ts';
import { scalingTestIds } from './testIds.ts';
import { decisionWord, standingTones } from './words.ts';

interface PreviewResultProps {
  readonly preview: Preview;
  readonly facts: Scaling;
}

/** What is wrong with a policy and how it is mended, or what it would decide at this moment. */
export function PreviewResult({ preview, facts }: PreviewResultProps): React.JSX.Element {
  return (
    <div data-testid={scalingTestIds.policyResult} data-valid={String(preview.valid)} role="status">
      {preview.valid ? <Decided preview={preview} facts={facts} /> : <Faults faults={preview.faults} />}
    </div>
  );
}

function Faults({ faults }: { readonly faults: Preview['faults'] }): React.JSX.Element {
  return (
    <Alert severity="error" bottomSpacing={0} title={t('policy.not-valid', 'It is not valid')}>
      <ul style={{ marginLeft: 16, overflowWrap: 'anywhere' }}>
        {faults.map(({ path, message, mend }) => (
          <li key={`${path} ${message}`}>
            {path === '' ? null : <strong>{path}: </strong>}
            {message}
            {mend !== '' && <div>{mend}</div>}
          </li>
        ))}
      </ul>
    </Alert>
  );
}

function Decided({ preview, facts }: PreviewResultProps): React.JSX.Element {
  const now = useNow(10_000);
  const { decision } = preview;
  if (decision === null)
    return (
      <Alert severity="warning" bottomSpacing={0} title={t('policy.valid', 'It is valid')}>
        {t('policy.no-decision', 'What it would decide now is not known: the instances are not known.')}
      </Alert>
    );
  const limits = heldBy(decision);
  return (
    <Alert severity="success" bottomSpacing={0} title={t('policy.valid', 'It is valid')}>
      <Stack direction="column" gap={0.5}>
        <Stack gap={1} wrap="wrap" alignItems="center">
          <StatusBadge
            tone={standingTones[standingOf({ decision, frozenSince: null })]}
            text={t('policy.now', 'It would decide now')}
          />
          <strong>{decisionWord(decision)}</strong>
        </Stack>
        <ul style={{ marginLeft: 16, overflowWrap: 'anywhere' }}>
          {decision.reasons.map((reason) => (
            <li key={reason}>{reason}</li>
          ))}
          {limits.map((limit) => (
            <li key={limit}>{limitWord(limit, facts, now)}</li>
          ))}
        </ul>
        {decision.costPerHour !== null && facts.cost !== null && (
          <Text color="secondary">
            {t('policy.cost', 'That costs {{cost}} an hour; now {{now}}', {
              cost: moneyText(decision.costPerHour, facts.cost.currency),
              now: moneyText(facts.cost.perHour, facts.cost.currency),
            })}
          </Text>
        )}
      </Stack>
    </Alert>
  );
}
