import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { t } from '../../text.ts';
import { Button, useStyles2 } from '@grafana/ui';
import { clearedFilters, withFirstPage, type BackupState } from '../../lib/backup-list.ts';
import { Choice } from '../../lib/Choice.tsx';
import { SearchInput } from '../../lib/SearchInput.tsx';
import { statusWord, typeWord } from './words.ts';

interface BackupFiltersProps {
  readonly state: BackupState;
  readonly onChange: (change: Partial<BackupState>) => void;
  readonly services: readonly string[];
  readonly isFiltered: boolean;
}

export function BackupFilters({ state, onChange, services, isFiltered }: BackupFiltersProps): React.JSX.Element {
  const styles = useStyles2(getStyles);
  const filter = (change: Partial<BackupState>): void => onChange(withFirstPage(change));
  return (
    <div className={styles.bar} role="search" aria-label={t('backups.filters', 'Filter of the backups')}>
      <div className={styles.search}>
        <SearchInput
          label={t('backups.search', 'Search id, service, note or checksum')}
          value={state.q}
          onSearch={(q) => filter({ q })}
        />
      </div>
      <Choice
        label={t('backups.service', 'Service')}
        any={t('backups.any-service', 'All services')}
        options={services.map((name) => ({ value: name, label: name }))}
        value={state.service}
        onChoose={(service) => filter({ service })}
      />
      <Choice
        label={t('backups.type', 'Type')}
        any={t('backups.any-type', 'Any type')}
        options={(['full', 'differential', 'incremental', 'snapshot'] as const).map((value) => ({
          value,
          label: typeWord(value),
        }))}
        value={state.type}
        onChoose={(type) => filter({ type })}
      />
      <Choice
        label={t('backups.status', 'State')}
        any={t('backups.any-status', 'Any state')}
        options={(['completed', 'completed_with_warnings', 'failed'] as const).map((value) => ({
          value,
          label: statusWord(value).text,
        }))}
        value={state.status}
        onChoose={(status) => filter({ status })}
      />
      <ProofFilters state={state} filter={filter} />
      {isFiltered && (
        <Button variant="secondary" fill="text" icon="times" onClick={() => onChange(clearedFilters())}>
          {t('backups.clear', 'Clear filter')}
        </Button>
      )}
    </div>
  );
}

interface ProofFiltersProps {
  readonly state: BackupState;
  readonly filter: (change: Partial<BackupState>) => void;
}

/** How well it is proven, and whether it stays. */
function ProofFilters({ state, filter }: ProofFiltersProps): React.JSX.Element {
  return (
    <>
      <Choice
        label={t('backups.verified', 'Verified')}
        any={t('backups.any-verified', 'Verified or not')}
        options={[
          { value: 'passed', label: t('backups.verified-passed', 'Verified') },
          { value: 'failed', label: t('backups.verified-failed', 'Failed to verify') },
          { value: 'never', label: t('backups.verified-never', 'Never verified') },
        ]}
        value={state.verified}
        onChoose={(verified) => filter({ verified })}
      />
      <Choice
        label={t('backups.drilled', 'Drilled')}
        any={t('backups.any-drilled', 'Drilled or not')}
        options={[
          { value: 'true', label: t('backups.drilled-yes', 'Drilled') },
          { value: 'false', label: t('backups.drilled-no', 'Never drilled') },
        ]}
        value={state.drilled}
        onChoose={(drilled) => filter({ drilled })}
      />
      <Choice
        label={t('backups.keep', 'Kept')}
        any={t('backups.any-keep', 'Kept or not')}
        options={[
          { value: 'true', label: t('backups.keep-yes', 'Kept') },
          { value: 'false', label: t('backups.keep-no', 'Not kept') },
        ]}
        value={state.keep}
        onChoose={(keep) => filter({ keep })}
      />
    </>
  );
}

function getStyles(theme: GrafanaTheme2) {
  return {
    bar: css({ display: 'flex', flexWrap: 'wrap', gap: theme.spacing(1), marginBottom: theme.spacing(1) }),
    search: css({ flex: '1 1 260px', maxWidth: 420, minWidth: 0 }),
  };
}
