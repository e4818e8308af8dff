import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { t } from '../../text.ts';
import { Drawer, LinkButton, Stack, useStyles2 } from '@grafana/ui';
import type { AuditEntry } from '../../api/types.ts';
import { Facts } from '../../components/flow/PlanView.tsx';
import { StatusBadge } from '../../components/StatusBadge.tsx';
import { Time } from '../../components/Time.tsx';
import { operationUrl, pageUrl } from '../index.ts';
import { Who } from './AuditTable.tsx';
import { auditTestIds } from './testIds.ts';
import { resultWord } from './words.ts';

interface AuditDrawerProps {
  readonly entry: AuditEntry;
  readonly onClose: () => void;
}

/** One entry with everything that was written down. */
export function AuditDrawer({ entry, onClose }: AuditDrawerProps): React.JSX.Element {
  const styles = useStyles2(getStyles);
  const { seq, details, operationId } = entry;
  return (
    <Drawer
      title={t('audit.entry', 'Audit entry {{seq}}', { seq })}
      subtitle={entry.action}
      size="md"
      onClose={onClose}
    >
      <div data-testid={auditTestIds.entry}>
        <Stack direction="column" gap={2}>
          <Facts rows={facts(entry)} />
          {details !== null && (
            <pre className={styles.details} tabIndex={0}>
              {JSON.stringify(details, null, 2)}
            </pre>
          )}
          {operationId !== null && (
            <Stack gap={1} wrap="wrap">
              <LinkButton variant="secondary" size="sm" href={operationUrl(operationId)}>
                {t('audit.entry-operation', 'Open the operation')}
              </LinkButton>
              <LinkButton variant="secondary" size="sm" href={pageUrl('audit', { operationId })}>
                {t('audit.entry-all', 'All entries of this operation')}
              </LinkButton>
            </Stack>
          )}
        </Stack>
      </div>
    </Drawer>
  );
}

function facts(entry: AuditEntry): readonly (readonly [string, React.ReactNode])[] {
  const { at, via, action, service, target, reason, result, operationId, remote, hash } = entry;
  const none = t('audit.none', 'none');
  return [
    [t('audit.fact-when', 'When'), <Time key="at" at={at} />],
    [t('audit.fact-who', 'Who'), <Who key="who" entry={entry} />],
    [t('audit.fact-via', 'By way of'), via],
    [t('audit.fact-from', 'From the address'), remote ?? t('time.unknown', 'not known')],
    [t('audit.fact-what', 'What'), action],
    [t('audit.fact-service', 'Service'), service ?? none],
    [t('audit.fact-target', 'Target'), target ?? none],
    [t('audit.fact-why', 'Why'), reason ?? t('audit.no-reason', 'no reason given')],
    [t('audit.fact-result', 'Result'), <StatusBadge key="result" {...resultWord(result)} />],
    [t('audit.fact-operation', 'Operation'), operationId ?? none],
    [
      t('audit.fact-hash', 'Hash of the row'),
      <code key="hash" style={{ display: 'inline-block', whiteSpace: 'normal' }}>
        {hash}
      </code>,
    ],
  ];
}

function getStyles(theme: GrafanaTheme2) {
  return {
    details: css({
      maxHeight: 320,
      overflow: 'auto',
      whiteSpace: 'pre-wrap',
      overflowWrap: 'anywhere',
      margin: 0,
      padding: theme.spacing(1),
    }),
  };
}
