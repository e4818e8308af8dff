import { t } from '../../text.ts';
import { useApiQuery } from '../../api/hooks.ts';
import { PageFrame } from '../../components/PageFrame.tsx';
import { LoadingRows, NoMatch } from '../../components/states.tsx';
import { QueryNotice } from '../../lib/QueryNotice.tsx';
import { scalingOf, useScaling } from '../../lib/scaling-api.ts';
import { scalingParams } from '../../lib/scaling-view.ts';
import { ServiceChoice } from '../../lib/ServiceChoice.tsx';
import { useKnownParts } from '../../lib/use-known-parts.ts';
import { usePageState } from '../../lib/use-page-state.ts';
import type { StateOf } from '../../lib/url-state.ts';
import { OperationDrawer } from '../Operations/OperationDrawer.tsx';
import { NobodyScales } from './NobodyScales.tsx';
import { ServiceList } from './ServiceList.tsx';
import { ServiceView } from './ServiceView.tsx';

export type ScalingState = StateOf<typeof scalingParams>;
export type OnState = (change: Partial<ScalingState>, options?: { readonly push?: boolean }) => void;

/** How many instances run, what that number follows, what is decided now and why not, and the buttons that change it. */
export function ScalingPage(): React.JSX.Element {
  const [state, setState] = usePageState(scalingParams);
  const services = useApiQuery('listServices');
  const { data } = services;
  const names = useKnownParts(data?.items, (service) => scalingOf(service) !== null);
  // A link shows its service at once, before the list has come.
  const shown = state.service === '' && names.length === 1 ? (names[0] ?? '') : state.service;
  const isElsewhere = data !== undefined && shown !== '' && !names.includes(shown);
  const open = (service: string): void => setState({ service }, { push: true });
  return (
    <PageFrame
      id="scaling"
      title={t('scaling.title', 'Scaling')}
      subTitle={t(
        'scaling.subtitle',
        'How many instances run, what that number follows, and why it is not another one',
      )}
      updatedAt={services.updatedAt}
      isFetching={services.isFetching}
    >
      <QueryNotice
        error={services.error}
        title={t('scaling.services-failed', 'The services could not be read')}
        onRetry={services.refetch}
        stale={data !== undefined}
      />
      {services.isLoading && shown === '' && <LoadingRows rows={3} height={120} />}
      {data !== undefined && names.length === 0 && <NobodyScales />}
      {data !== undefined && names.length > 1 && <ServiceChoice names={names} chosen={shown} onChoose={open} />}
      {data !== undefined && names.length > 1 && shown === '' && <ServiceList services={data.items} onOpen={open} />}
      {isElsewhere && names.length > 0 && (
        <NoMatch
          what={t('scaling.no-match', 'Nothing scales this service')}
          onClear={() => setState({ service: '' })}
        />
      )}
      {shown !== '' && !isElsewhere && <Chosen key={shown} service={shown} state={state} onState={setState} />}
      {state.operation !== '' && <OperationDrawer id={state.operation} onClose={() => setState({ operation: '' })} />}
    </PageFrame>
  );
}

interface ChosenProps {
  readonly service: string;
  readonly state: ScalingState;
  readonly onState: OnState;
}

function Chosen({ service, state, onState }: ChosenProps): React.JSX.Element {
  const { data, error, isLoading, refetch } = useScaling(service);
  return (
    <>
      <QueryNotice
        error={error}
        title={t('scaling.failed', 'The instances of {{service}} could not be read', { service })}
        onRetry={refetch}
        stale={data !== undefined}
      />
      {isLoading && <LoadingRows rows={4} height={100} />}
      {data !== undefined && (
        <ServiceView service={service} facts={data.scaling} policy={data.policy} state={state} onState={onState} />
      )}
    </>
  );
}
