import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { t } from '../../text.ts';
import { Alert, Button, Icon, useStyles2 } from '@grafana/ui';
import { useMemo } from 'react';
import { useApiPages } from '../../api/hooks.ts';
import type { Backup, BackupFile } from '../../api/types.ts';
import { missingPermission } from '../../components/permissions.ts';
import { ErrorNotice, LoadingRows, NoMatch, NothingYet } from '../../components/states.tsx';
import { DataTable, type Column } from '../../lib/DataTable.tsx';
import { crumbsOf, modeText, nameIn } from '../../lib/file-tree.ts';
import { formatBytes } from '../../lib/format.ts';
import { Moment } from '../../lib/Moment.tsx';
import { SearchInput } from '../../lib/SearchInput.tsx';

interface FileBrowserProps {
  readonly backup: Backup;
  /** Prefix: '' or with a slash at the end. */
  readonly folder: string;
  readonly find: string;
  readonly onChange: (change: { readonly folder?: string; readonly find?: string }) => void;
  readonly onRestore: (file: Pick<BackupFile, 'component' | 'path'>) => void;
}

/** The files of a backup, a folder at a time, or what a search finds below it. */
export function FileBrowser(props: FileBrowserProps): React.JSX.Element {
  const missing = missingPermission('operate');
  if (missing !== null)
    return (
      <Alert severity="info" title={t('files.forbidden', 'File names are shown to operators only')}>
        {missing}
      </Alert>
    );
  return <Files {...props} />;
}

function Files({ backup, folder, find, onChange, onRestore }: FileBrowserProps): React.JSX.Element {
  const styles = useStyles2(getStyles);
  const query = find === '' ? { prefix: folder, folders: 'true' as const } : { prefix: folder, q: find };
  const files = useApiPages(
    'listBackupFiles',
    { params: { id: backup.id }, query: { ...query, limit: 200 } },
    // A backup never changes: asking again would only cost.
    { refreshMs: false, keepPrevious: false },
  );
  const rows = (files.data ?? []).filter(({ path }) => path !== folder && `${path}/` !== folder);
  const columns = useMemo(
    () =>
      fileColumns({
        folder: find === '' ? folder : '',
        onOpen: (path) => onChange({ folder: path, find: '' }),
        onRestore,
      }),
    [folder, find, onChange, onRestore],
  );
  return (
    <div className={styles.browser}>
      <SearchInput
        label={t('files.search', 'Search the file names')}
        value={find}
        onSearch={(text) => onChange({ find: text })}
      />
      <Crumbs folder={folder} onOpen={(prefix) => onChange({ folder: prefix, find: '' })} />
      {files.error !== null && (
        <ErrorNotice
          error={files.error}
          title={t('files.failed', 'The files could not be listed')}
          onRetry={files.refetch}
        />
      )}
      {files.isLoading && <LoadingRows rows={6} />}
      {files.data !== undefined && rows.length === 0 && <NoFiles find={find} onClear={() => onChange({ find: '' })} />}
      {rows.length > 0 && (
        <DataTable
          label={t('files.table', 'Files of the backup')}
          columns={columns}
          rows={rows}
          keyOf={({ component, path }) => `${component} ${path}`}
        />
      )}
      {files.hasMore && (
        <Button variant="secondary" onClick={files.loadMore} disabled={files.isLoadingMore}>
          {t('files.more', 'Show more')}
        </Button>
      )}
    </div>
  );
}

function NoFiles({ find, onClear }: { readonly find: string; readonly onClear: () => void }): React.JSX.Element {
  return find === '' ? (
    <NothingYet what={t('files.empty', 'This folder is empty')} />
  ) : (
    <NoMatch what={t('files.no-match', 'No file name holds "{{find}}"', { find })} onClear={onClear} />
  );
}

function Crumbs({
  folder,
  onOpen,
}: {
  readonly folder: string;
  readonly onOpen: (prefix: string) => void;
}): React.JSX.Element {
  const styles = useStyles2(getStyles);
  const crumbs = crumbsOf(folder, t('files.top', 'All files'));
  return (
    <nav className={styles.crumbs} aria-label={t('files.crumbs', 'Folder')}>
      {crumbs.map(({ name, prefix }, index) =>
        index === crumbs.length - 1 ? (
          <span key={prefix} aria-current="location">
            {name}
          </span>
        ) : (
          <span key={prefix}>
            <button type="button" className={styles.link} onClick={() => onOpen(prefix)}>
              {name}
            </button>{' '}
            <Icon name="angle-right" size="sm" />
          </span>
        ),
      )}
    </nav>
  );
}

interface FileColumns {
  readonly folder: string;
  readonly onOpen: (prefix: string) => void;
  readonly onRestore: FileBrowserProps['onRestore'];
}

function fileColumns({ folder, onOpen, onRestore }: FileColumns): readonly Column<BackupFile>[] {
  return [
    {
      id: 'name',
      header: t('files.col-name', 'Name'),
      cell: (file) => <FileName file={file} name={nameIn(folder, file.path)} onOpen={onOpen} />,
    },
    {
      id: 'size',
      header: t('files.col-size', 'Size'),
      isNumber: true,
      cell: ({ kind, bytes }) => (kind === 'file' || kind === 'hardlink' ? formatBytes(bytes) : ''),
    },
    {
      id: 'modified',
      header: t('files.col-modified', 'Modified'),
      cell: ({ modifiedAt }) => <Moment at={modifiedAt} />,
    },
    {
      id: 'restore',
      header: '',
      cell: ({ component, path }) => (
        <Button
          size="sm"
          variant="secondary"
          icon="history"
          onClick={() => onRestore({ component, path: path.replace(/\/$/, '') })}
          aria-label={t('files.restore-one', 'Restore {{path}}', { path })}
        >
          {t('files.restore', 'Restore')}
        </Button>
      ),
    },
  ];
}

interface FileNameProps {
  readonly file: BackupFile;
  readonly name: string;
  readonly onOpen: (prefix: string) => void;
}

function FileName({ file, name, onOpen }: FileNameProps): React.JSX.Element {
  const styles = useStyles2(getStyles);
  if (file.kind === 'directory') {
    const prefix = file.path.endsWith('/') ? file.path : `${file.path}/`;
    return (
      <button type="button" className={styles.link} onClick={() => onOpen(prefix)}>
        <Icon name="folder" /> {name}
      </button>
    );
  }
  const target = file.linkTarget === null ? '' : ` → ${file.linkTarget}`;
  return (
    <span title={titleOf(file)}>
      <Icon name={file.kind === 'file' ? 'file-alt' : 'link'} /> {name}
      {target}
    </span>
  );
}

/** What a row has no room for. */
function titleOf({ path, mode, uid, gid, sha256 }: BackupFile): string {
  const lines = [path, `${modeText(mode)} ${uid}:${gid}`];
  return (sha256 === null ? lines : [...lines, `SHA-256 ${sha256}`]).join('\n');
}

function getStyles(theme: GrafanaTheme2) {
  return {
    browser: css({ display: 'flex', flexDirection: 'column', gap: theme.spacing(1), paddingTop: theme.spacing(1) }),
    crumbs: css({ display: 'flex', flexWrap: 'wrap', gap: theme.spacing(0.5), overflowWrap: 'anywhere' }),
    link: css({
      padding: 0,
      border: 0,
      background: 'none',
      color: theme.colors.text.link,
      cursor: 'pointer',
      textAlign: 'left',
      overflowWrap: 'anywhere',
      '&:hover': { textDecoration: 'underline' },
    }),
  };
}
