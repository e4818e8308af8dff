import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { t } from '../../text.ts';
import { Icon, useStyles2 } from '@grafana/ui';
import { useApiQuery } from '../../api/hooks.ts';
import type { Backup } from '../../api/types.ts';
import type { Reply } from '../../api/types.ts';
import { StatusBadge } from '../../components/StatusBadge.tsx';
import { ErrorNotice, LoadingRows } from '../../components/states.tsx';
import { formatBytes } from '../../lib/format.ts';
import { Moment } from '../../lib/Moment.tsx';
import { typeWord, verifiedWord } from './words.ts';

type Link = Reply<'backupChain'>['ancestors'][number];
/** More dependents than this are counted, not listed: a chain of hundreds tells nobody anything. */
const shownDependents = 12;

interface ChainViewProps {
  readonly backup: Backup;
  readonly onOpen: (id: string) => void;
}

/** What a restore of this backup reads, and what would be lost with it. */
export function ChainView({ backup, onOpen }: ChainViewProps): React.JSX.Element {
  const styles = useStyles2(getStyles);
  const chain = useApiQuery('backupChain', { params: { id: backup.id } }, { keepPrevious: false });
  if (chain.data === undefined)
    return chain.error === null ? (
      <LoadingRows rows={2} />
    ) : (
      <ErrorNotice
        error={chain.error}
        title={t('chain.failed', 'The chain could not be read')}
        onRetry={chain.refetch}
      />
    );
  const { ancestors, dependents, complete, missing } = chain.data;
  const shown = dependents.slice(0, shownDependents);
  return (
    <>
      {!complete && (
        <p>
          <StatusBadge tone="bad" text={t('chain.incomplete', 'Incomplete')} />{' '}
          {t('chain.missing', 'Not in the catalogue: {{ids}}. This backup cannot be restored without them.', {
            ids: missing.join(', '),
          })}
        </p>
      )}
      <ol className={styles.chain} aria-label={t('chain.label', 'Chain of the backup')}>
        {ancestors.map((link) => (
          <ChainItem key={link.id} link={link} onOpen={onOpen} />
        ))}
        <li aria-current="true">
          <strong>{typeWord(backup.type)}</strong> <Moment at={backup.startedAt} /> · {t('chain.this', 'this backup')}
        </li>
        {shown.map((link) => (
          <ChainItem key={link.id} link={link} onOpen={onOpen} />
        ))}
      </ol>
      {dependents.length > shown.length && (
        <p>{t('chain.more', 'and {{number}} more that build upon it', { number: dependents.length - shown.length })}</p>
      )}
      <p className={styles.words}>{chainWords(ancestors.length, dependents.length)}</p>
    </>
  );
}

function chainWords(ancestors: number, dependents: number): string {
  const reads =
    ancestors === 0
      ? t('chain.alone', 'A restore reads this backup alone.')
      : t('chain.reads', 'A restore reads it and {{number}} before it.', { number: ancestors });
  const needed =
    dependents === 0
      ? t('chain.unneeded', 'Nothing builds upon it.')
      : t('chain.needed', '{{number}} later ones cannot be restored without it.', { number: dependents });
  return `${reads} ${needed}`;
}

function ChainItem({
  link,
  onOpen,
}: {
  readonly link: Link;
  readonly onOpen: (id: string) => void;
}): React.JSX.Element {
  const styles = useStyles2(getStyles);
  const verified = verifiedWord(link.verifyResult);
  return (
    <li>
      <button type="button" className={styles.link} onClick={() => onOpen(link.id)} title={link.id}>
        {typeWord(link.type)} <Moment at={link.startedAt} />
      </button>{' '}
      · {formatBytes(link.storedBytes)}{' '}
      {link.keep && <Icon name="lock" size="sm" title={t('backups.kept', 'Kept: retention does not delete it')} />}{' '}
      <StatusBadge tone={verified.tone} text={verified.text} />
    </li>
  );
}

function getStyles(theme: GrafanaTheme2) {
  return {
    chain: css({
      listStyle: 'none',
      margin: theme.spacing(0.5, 0),
      paddingLeft: theme.spacing(1.5),
      borderLeft: `2px solid ${theme.colors.border.medium}`,
      li: { padding: theme.spacing(0.25, 0) },
      'li[aria-current]': {
        marginLeft: `calc(-${theme.spacing(1.5)} - 2px)`,
        paddingLeft: theme.spacing(1.5),
        borderLeft: `2px solid ${theme.colors.primary.border}`,
      },
    }),
    link: css({
      padding: 0,
      border: 0,
      background: 'none',
      color: theme.colors.text.link,
      cursor: 'pointer',
      textAlign: 'left',
      '&:hover': { textDecoration: 'underline' },
    }),
    words: css({ color: theme.colors.text.secondary, margin: 0 }),
  };
}
