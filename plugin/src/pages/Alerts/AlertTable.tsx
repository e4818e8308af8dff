import { t } from '../../text.ts';
import { Stack, Text, TextLink } from '@grafana/ui';
import { StatusBadge } from '../../components/StatusBadge.tsx';
import { Time } from '../../components/Time.tsx';
import { conditionText, type LiveAlert } from '../../lib/alert-form.ts';
import { DataTable, type Column } from '../../lib/DataTable.tsx';
import { DialogButton, PermittedButton } from '../../lib/DialogButton.tsx';
import { metricTitle } from '../../lib/metric-title.ts';
import { serviceUrl } from '../index.ts';
import { AlertFlow } from './AlertFlow.tsx';
import { alertTestIds } from './testIds.ts';
import { severityWord, stateWord } from './words.ts';

interface AlertTableProps {
  readonly alerts: readonly LiveAlert[];
  /** Asks for the deletion: its dialog outlives the row. */
  readonly onDelete: (alert: LiveAlert) => void;
}

export function AlertTable({ alerts, onDelete }: AlertTableProps): React.JSX.Element {
  return (
    <DataTable
      label={t('alerts.table', 'Alerts defined at run time')}
      columns={columns(onDelete)}
      rows={alerts}
      keyOf={({ id }) => id}
    />
  );
}

function columns(onDelete: AlertTableProps['onDelete']): readonly Column<LiveAlert>[] {
  return [
    { id: 'state', header: t('alerts.col-state', 'State'), cell: (alert) => <State alert={alert} /> },
    { id: 'what', header: t('alerts.col-what', 'Watches'), cell: (alert) => <Watches alert={alert} /> },
    {
      id: 'severity',
      header: t('alerts.col-severity', 'Severity'),
      cell: ({ severity }) => severityWord(severity),
    },
    { id: 'why', header: t('alerts.col-why', 'Why'), width: '28%', cell: ({ why }) => why },
    { id: 'by', header: t('alerts.col-by', 'Defined'), isMinor: true, cell: (alert) => <Defined alert={alert} /> },
    { id: 'do', header: t('alerts.col-do', 'Change'), cell: (alert) => <Buttons alert={alert} onDelete={onDelete} /> },
  ];
}

function State({ alert }: { readonly alert: LiveAlert }): React.JSX.Element {
  const { tone, text } = stateWord(alert.state, alert.severity);
  const since = alert.state === 'active' ? alert.triggered_at : alert.state === 'resolved' ? alert.resolved_at : null;
  return (
    <Stack gap={0.5} wrap="wrap" alignItems="center">
      <StatusBadge tone={tone} text={text} />
      {alert.flapping && <StatusBadge tone="neutral" text={t('alerts.flapping', 'Flapping')} />}
      {since !== null && (
        <Text variant="bodySmall" color="secondary">
          <Time at={since} show="age" />
        </Text>
      )}
    </Stack>
  );
}

function Watches({ alert }: { readonly alert: LiveAlert }): React.JSX.Element {
  const { service, ...rest } = alert.tags;
  const others = Object.entries(rest).map(([name, value]) => `${name}=${value}`);
  return (
    <div style={{ overflowWrap: 'anywhere' }}>
      <span title={alert.metric}>{`${metricTitle(alert.metric)} ${conditionText(alert)}`}</span>
      {(service !== undefined || others.length > 0) && (
        <div>
          {service !== undefined && <TextLink href={serviceUrl(service)}>{service}</TextLink>} {others.join(', ')}
        </div>
      )}
      {alert.message !== '' && (
        <div>
          <Text variant="bodySmall" color="secondary">
            {alert.message}
          </Text>
        </div>
      )}
    </div>
  );
}

function Defined({ alert }: { readonly alert: LiveAlert }): React.JSX.Element {
  return (
    <span>
      {t('alerts.by', 'by {{who}}', { who: alert.created_by })} <Time at={alert.created_at} show="age" />
    </span>
  );
}

function Buttons({
  alert,
  onDelete,
}: {
  readonly alert: LiveAlert;
  readonly onDelete: AlertTableProps['onDelete'];
}): React.JSX.Element {
  return (
    <Stack gap={0.5} wrap="wrap">
      <DialogButton
        needs="operate"
        size="sm"
        icon="edit"
        testId={alertTestIds.edit(alert.id)}
        dialog={(close) => <AlertFlow alert={alert} onClose={close} />}
      >
        {t('alerts.edit', 'Edit')}
      </DialogButton>
      <PermittedButton
        needs="operate"
        variant="destructive"
        fill="outline"
        size="sm"
        icon="trash-alt"
        testId={alertTestIds.remove(alert.id)}
        onClick={() => onDelete(alert)}
      >
        {t('alerts.delete', 'Delete')}
      </PermittedButton>
    </Stack>
  );
}
