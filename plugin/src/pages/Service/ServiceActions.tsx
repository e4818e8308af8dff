import { t } from '../../text.ts';
import { Field, RadioButtonGroup } from '@grafana/ui';
import { useState } from 'react';
import type { Service } from '../../api/types.ts';
import { ActionButton } from '../../components/flow/ActionButton.tsx';
import { ActionFlow } from '../../components/flow/ActionFlow.tsx';
import { DialogButton } from '../../lib/DialogButton.tsx';
import { formatDuration } from '../../lib/format.ts';
import { StartBackupFlow } from '../Backups/StartBackupFlow.tsx';

/** What can be done with a service. A backup is what one mostly comes for. */
export function ServiceActions({ service }: { readonly service: Service }): React.JSX.Element {
  const { name, pause, maintenance } = service;
  return (
    <>
      {maintenance === null ? <HoldButton service={name} kind="maintenance" /> : <EndMaintenance service={name} />}
      {pause === null ? <HoldButton service={name} kind="pause" /> : <Resume service={name} />}
      <ActionButton
        spec={{
          id: 'startDrill',
          params: { name },
          title: t('service.drillTitle', 'Drill a restore of {{name}}', { name }),
          verb: t('service.drillVerb', 'Run the drill'),
          service: name,
        }}
        variant="secondary"
      >
        {t('service.drill', 'Run a drill')}
      </ActionButton>
      <DialogButton
        needs="operate"
        variant="primary"
        icon="database"
        dialog={(close) => <StartBackupFlow services={[name]} service={name} onClose={close} />}
      >
        {t('service.backup', 'Back up now')}
      </DialogButton>
    </>
  );
}

function Resume({ service }: { readonly service: string }): React.JSX.Element {
  return (
    <ActionButton
      spec={{
        id: 'resumeService',
        params: { name: service },
        body: {},
        title: t('hold.resumeTitle', 'Resume {{service}}', { service }),
        verb: t('hold.resumeVerb', 'Resume'),
        service,
        effects: [t('hold.resumeEffect', 'Scheduled backups and drills run again; what is overdue starts at once.')],
        reason: 'none',
      }}
    >
      {t('hold.resumeVerb', 'Resume')}
    </ActionButton>
  );
}

function EndMaintenance({ service }: { readonly service: string }): React.JSX.Element {
  return (
    <ActionButton
      spec={{
        id: 'endMaintenance',
        params: { name: service },
        title: t('hold.endTitle', 'End the maintenance of {{service}}', { service }),
        verb: t('hold.endVerb', 'End maintenance'),
        service,
        effects: [t('hold.endEffect', 'Alerts of the service are no longer muted; what fires now notifies again.')],
      }}
    >
      {t('hold.endVerb', 'End maintenance')}
    </ActionButton>
  );
}

const hour = 3600;
const lengths = [hour, 4 * hour, 24 * hour, 7 * 24 * hour] as const;

interface HoldProps {
  readonly service: string;
  readonly kind: 'pause' | 'maintenance';
}

function HoldButton({ service, kind }: HoldProps): React.JSX.Element {
  return (
    <DialogButton needs="operate" dialog={(close) => <HoldFlow service={service} kind={kind} onClose={close} />}>
      {kind === 'pause' ? t('hold.pause', 'Pause') : t('hold.maintenance', 'Start maintenance')}
    </DialogButton>
  );
}

/** A pause holds scheduled work, a maintenance window mutes alerts; both end by themselves. */
function HoldFlow({ service, kind, onClose }: HoldProps & { readonly onClose: () => void }): React.JSX.Element {
  const [seconds, setSeconds] = useState<number>(hour);
  const isPause = kind === 'pause';
  const until = formatDuration(seconds);
  return (
    <ActionFlow
      spec={{
        id: isPause ? 'pauseService' : 'startMaintenance',
        params: { name: service },
        body: { seconds },
        title: isPause
          ? t('hold.pauseTitle', 'Pause {{service}}', { service })
          : t('hold.maintenanceTitle', 'Maintenance of {{service}}', { service }),
        verb: isPause ? t('hold.pause', 'Pause') : t('hold.maintenance', 'Start maintenance'),
        service,
        reason: 'required',
        effects: isPause
          ? [
              t('hold.pauseEffect', 'No scheduled backup or drill starts for {{until}}; what runs goes on.', { until }),
              t('hold.pauseRisk', 'Data written meanwhile is in no backup. It ends by itself, or with Resume.'),
            ]
          : [
              t(
                'hold.maintenanceEffect',
                'Alerts of the service notify nobody for {{until}}; scheduled work goes on.',
                { until },
              ),
              t('hold.maintenanceBack', 'It ends by itself, or with End maintenance.'),
            ],
      }}
      onClose={onClose}
      options={
        <Field noMargin label={t('hold.length', 'For how long')}>
          <RadioButtonGroup
            aria-label={t('hold.length', 'For how long')}
            options={lengths.map((value) => ({ value, label: formatDuration(value) }))}
            value={seconds}
            onChange={setSeconds}
          />
        </Field>
      }
    />
  );
}
