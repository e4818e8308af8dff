import { t } from '../../text.ts';
import { Drawer, Stack, TextLink } from '@grafana/ui';
import { useOperation } from '../../api/hooks.ts';
import type { Operation } from '../../api/types.ts';
import { OperationProgress } from '../../components/flow/OperationProgress.tsx';
import { Facts } from '../../components/flow/PlanView.tsx';
import { Time } from '../../components/Time.tsx';
import { isInPlace } from '../../lib/operation-view.ts';
import { serviceUrl } from '../index.ts';
import { operationTestIds } from './testIds.ts';
import { actorWord, kindWord } from './words.ts';

interface OperationDrawerProps {
  readonly id: string;
  readonly onClose: () => void;
}

/** One operation under its own URL: it can be left, reloaded and shared while it runs. */
export function OperationDrawer({ id, onClose }: OperationDrawerProps): React.JSX.Element {
  const { data } = useOperation(id);
  return (
    <Drawer
      title={data === undefined ? t('operation.drawer', 'Operation') : `${kindWord(data.kind)} · ${data.service}`}
      subtitle={id}
      size="md"
      onClose={onClose}
    >
      <div data-testid={operationTestIds.drawer} data-operation={id}>
        <Stack direction="column" gap={2}>
          <OperationProgress id={id} standalone />
          {data !== undefined && <Facts rows={facts(data)} />}
        </Stack>
      </div>
    </Drawer>
  );
}

function facts(operation: Operation): readonly (readonly [string, React.ReactNode])[] {
  const { service, actor, reason, createdAt, startedAt, endedAt, idempotencyKey } = operation;
  return [
    [
      t('operation.fact-service', 'Service'),
      <TextLink key="service" href={serviceUrl(service)}>
        {service}
      </TextLink>,
    ],
    [t('operation.fact-by', 'Started by'), actorWord(actor)],
    [t('operation.fact-reason', 'Reason'), reason ?? t('operation.no-reason', 'none given')],
    [t('operation.fact-asked', 'Asked for'), <Time key="created" at={createdAt} />],
    [
      t('operation.fact-started', 'Began'),
      <Time key="started" at={startedAt} absent={t('operation.not-begun', 'not yet')} />,
    ],
    [
      t('operation.fact-ended', 'Ended'),
      <Time key="ended" at={endedAt} absent={t('operation.not-ended', 'not yet')} />,
    ],
    ...(isInPlace(operation)
      ? [[t('operation.fact-target', 'Target'), t('operation.in-place', 'in place')] as const]
      : []),
    ...(idempotencyKey === null ? [] : [[t('operation.fact-key', 'Key of the request'), idempotencyKey] as const]),
  ];
}
