import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { t } from '../../text.ts';
import { Alert, ClipboardButton, TextLink, useStyles2 } from '@grafana/ui';
import type { Backup } from '../../api/types.ts';
import { Facts } from '../../components/flow/PlanView.tsx';
import { StatusBadge } from '../../components/StatusBadge.tsx';
import { Time } from '../../components/Time.tsx';
import { DataTable, type Column } from '../../lib/DataTable.tsx';
import { formatBytes, formatCount, formatDuration } from '../../lib/format.ts';
import { serviceUrl } from '../index.ts';
import { ChainView } from './ChainView.tsx';
import { drilledWord, durationOf, statusWord, typeWord, verifiedWord } from './words.ts';

interface BackupDetailsProps {
  readonly backup: Backup;
  readonly onOpen: (id: string) => void;
}

export function BackupDetails({ backup, onOpen }: BackupDetailsProps): React.JSX.Element {
  const styles = useStyles2(getStyles);
  return (
    <div className={styles.details}>
      <Marks backup={backup} />
      <Facts rows={facts(backup)} />
      <h3 className={styles.heading}>{t('details.components', 'Components')}</h3>
      <Components backup={backup} />
      {backup.warningCount > 0 && <Warnings backup={backup} />}
      <h3 className={styles.heading}>{t('details.chain', 'Chain')}</h3>
      <ChainView backup={backup} onOpen={onOpen} />
    </div>
  );
}

/** What is proven about it, with the moment of the proof. */
function Marks({ backup }: { readonly backup: Backup }): React.JSX.Element {
  const styles = useStyles2(getStyles);
  const status = statusWord(backup.status);
  const verified = verifiedWord(backup.verifyResult);
  const drilled = drilledWord(backup.drilledAt);
  return (
    <div className={styles.marks}>
      <StatusBadge tone={status.tone} text={status.text} />
      <span>
        <StatusBadge tone={verified.tone} text={verified.text} />{' '}
        {backup.verifiedAt !== null && <Time at={backup.verifiedAt} show="age" />}
      </span>
      <span>
        <StatusBadge tone={drilled.tone} text={drilled.text} />{' '}
        {backup.drilledAt !== null && <Time at={backup.drilledAt} show="age" />}
      </span>
      {backup.keep && <StatusBadge tone="neutral" text={t('backup.is-kept', 'Kept')} />}
    </div>
  );
}

function facts(backup: Backup): readonly (readonly [string, React.ReactNode])[] {
  const { service, type, startedAt, endedAt, bytes, addedBytes, storedBytes, entries, copies, note } = backup;
  return [
    [
      t('details.service', 'Service'),
      <TextLink key="service" href={serviceUrl(service)}>
        {service}
      </TextLink>,
    ],
    [t('details.type', 'Type'), typeWord(type)],
    [t('details.data-of', 'Data of'), <Time key="data" at={startedAt} />],
    [t('details.ended', 'Finished'), <Time key="ended" at={endedAt} />],
    [t('details.took', 'Took'), formatDuration(durationOf(backup))],
    [
      t('details.size', 'Data'),
      t('details.size-of', '{{bytes}} in {{entries}} entries', {
        bytes: formatBytes(bytes),
        entries: formatCount(entries),
      }),
    ],
    [t('details.added', 'Read for it'), formatBytes(addedBytes)],
    [t('details.stored', 'Stored'), formatBytes(storedBytes)],
    [
      t('details.copies', 'Copies'),
      copies.length === 0 ? t('details.no-copies', 'none: only the repository holds it') : copies.join(', '),
    ],
    [t('details.encrypted', 'Encrypted'), encryption(backup)],
    [t('details.checksum', 'SHA-256 of its manifest'), <Checksum key="checksum" text={backup.checksum} />],
    ...(note === null ? [] : [[t('details.note', 'Note'), note] as const]),
  ];
}

function encryption({ encrypted, keyFingerprint }: Backup): string {
  if (!encrypted) return t('details.plain', 'no');
  return keyFingerprint === null
    ? t('details.cipher', 'yes')
    : t('details.cipher-key', 'yes, key {{key}}', { key: keyFingerprint.slice(0, 16) });
}

function Checksum({ text }: { readonly text: string }): React.JSX.Element {
  const styles = useStyles2(getStyles);
  return (
    <span className={styles.checksum}>
      <code>{text}</code>
      <ClipboardButton
        size="sm"
        variant="secondary"
        fill="text"
        icon="copy"
        aria-label={t('details.copy', 'Copy the checksum')}
        getText={() => text}
      />
    </span>
  );
}

type Part = Backup['components'][number];

function Components({ backup }: { readonly backup: Backup }): React.JSX.Element {
  const columns: readonly Column<Part>[] = [
    { id: 'name', header: t('details.col-name', 'Component'), cell: ({ name }) => name },
    { id: 'state', header: t('details.col-state', 'State'), cell: (part) => <PartState part={part} /> },
    { id: 'bytes', header: t('details.col-bytes', 'Data'), isNumber: true, cell: ({ bytes }) => formatBytes(bytes) },
    {
      id: 'stored',
      header: t('details.col-stored', 'Stored'),
      isNumber: true,
      cell: ({ storedBytes }) => formatBytes(storedBytes),
    },
    {
      id: 'entries',
      header: t('details.col-entries', 'Entries'),
      isNumber: true,
      cell: ({ entries }) => formatCount(entries),
    },
  ];
  return (
    <DataTable
      label={t('details.components', 'Components')}
      columns={columns}
      rows={backup.components}
      keyOf={({ name }) => name}
    />
  );
}

function PartState({ part }: { readonly part: Part }): React.JSX.Element {
  const { tone, text } = statusWord(part.status);
  const skipped = Object.entries(part.skipped).map(([kind, count]) => `${count} ${kind}`);
  return (
    <span>
      <StatusBadge tone={tone} text={text} /> {part.error}
      {skipped.length > 0 && ` ${t('details.skipped', 'left out: {{what}}', { what: skipped.join(', ') })}`}
    </span>
  );
}

function Warnings({ backup }: { readonly backup: Backup }): React.JSX.Element {
  const { warnings, warningCount } = backup;
  return (
    <Alert severity="warning" title={t('details.warnings', '{{number}} warnings', { number: warningCount })}>
      {warnings.length === 0
        ? t('details.warnings-hidden', 'File names are shown to operators only.')
        : warnings
            .slice(0, 20)
            .map(({ path, message }) => <div key={`${path} ${message}`}>{`${path}: ${message}`}</div>)}
      {warningCount > Math.min(20, warnings.length) &&
        warnings.length > 0 &&
        t('details.warnings-more', 'and {{number}} more', { number: warningCount - Math.min(20, warnings.length) })}
    </Alert>
  );
}

function getStyles(theme: GrafanaTheme2) {
  return {
    details: css({ display: 'flex', flexDirection: 'column', gap: theme.spacing(1.5), paddingTop: theme.spacing(2) }),
    marks: css({ display: 'flex', flexWrap: 'wrap', gap: theme.spacing(1, 2), alignItems: 'center' }),
    heading: css({ ...theme.typography.h5, margin: theme.spacing(1, 0, 0) }),
    checksum: css({
      display: 'inline-flex',
      alignItems: 'center',
      minWidth: 0,
      code: { whiteSpace: 'normal', overflowWrap: 'anywhere' },
    }),
  };
}
