import { t } from '../../text.ts';
import { useCallback } from 'react';
import { briefOf, useFailover } from '../../api/failover.ts';
import { useApiQuery } from '../../api/hooks.ts';
import { PageFrame } from '../../components/PageFrame.tsx';
import { LoadingRows, NoMatch, NotConfigured } from '../../components/states.tsx';
import { failoverParams } from '../../lib/failover-view.ts';
import { QueryNotice } from '../../lib/QueryNotice.tsx';
import { ServiceChoice } from '../../lib/ServiceChoice.tsx';
import { useKnownParts } from '../../lib/use-known-parts.ts';
import { usePageState } from '../../lib/use-page-state.ts';
import { OperationDrawer } from '../Operations/OperationDrawer.tsx';
import { NodeDrawer } from './NodeDrawer.tsx';
import { ServiceList } from './ServiceList.tsx';
import { ServiceView } from './ServiceView.tsx';

/** Who serves, who could take over, whether that would succeed now, and the buttons that do it. */
export function FailoverPage(): React.JSX.Element {
  const [state, setState] = usePageState(failoverParams);
  const services = useApiQuery('listServices');
  const { data } = services;
  const names = useKnownParts(data?.items, (service) => briefOf(service) !== null);
  // A link shows its service at once, before the list has come.
  const shown = state.service === '' && names.length === 1 ? (names[0] ?? '') : state.service;
  const isElsewhere = data !== undefined && shown !== '' && !names.includes(shown);
  return (
    <PageFrame
      id="failover"
      title={t('failover.title', 'Failover')}
      subTitle={t('failover.subtitle', 'Who serves, who could take over, and whether that would succeed now')}
      updatedAt={services.updatedAt}
      isFetching={services.isFetching}
    >
      <QueryNotice
        error={services.error}
        title={t('failover.services-failed', 'The services could not be read')}
        onRetry={services.refetch}
        stale={data !== undefined}
      />
      {services.isLoading && shown === '' && <LoadingRows rows={3} height={120} />}
      {data !== undefined && names.length === 0 && <Nobody />}
      {data !== undefined && names.length > 1 && (
        <ServiceChoice names={names} chosen={shown} onChoose={(service) => setState({ service }, { push: true })} />
      )}
      {data !== undefined && names.length > 1 && shown === '' && (
        <ServiceList services={data.items} onOpen={(service) => setState({ service }, { push: true })} />
      )}
      {isElsewhere && names.length > 0 && (
        <NoMatch
          what={t('failover.no-match', 'Nobody takes over for this service')}
          onClear={() => setState({ service: '' })}
        />
      )}
      {shown !== '' && !isElsewhere && <Chosen key={shown} service={shown} node={state.node} onState={setState} />}
      {state.operation !== '' && <OperationDrawer id={state.operation} onClose={() => setState({ operation: '' })} />}
    </PageFrame>
  );
}

function Nobody(): React.JSX.Element {
  return (
    <NotConfigured
      what={t('failover.none', 'No service has anybody who takes over')}
      how={t(
        'failover.how',
        'Give a service of genesis.yaml a `failover` block with its engine and its nodes. Right after a start its nodes have not been asked yet.',
      )}
    />
  );
}

interface ChosenProps {
  readonly service: string;
  /** '' is none. */
  readonly node: string;
  readonly onState: (
    change: { readonly node?: string; readonly operation?: string },
    o?: { readonly push?: boolean },
  ) => void;
}

function Chosen({ service, node, onState }: ChosenProps): React.JSX.Element {
  const { data, error, isLoading, refetch } = useFailover(service);
  const onNode = useCallback((name: string) => onState({ node: name }, { push: true }), [onState]);
  const onOperation = useCallback((operation: string) => onState({ operation }, { push: true }), [onState]);
  return (
    <>
      <QueryNotice
        error={error}
        title={t('failover.failed', 'The nodes of {{service}} could not be read', { service })}
        onRetry={refetch}
        stale={data !== undefined}
      />
      {isLoading && <LoadingRows rows={4} height={100} />}
      {data !== undefined && (
        <ServiceView service={service} facts={data.failover} onNode={onNode} onOperation={onOperation} />
      )}
      {data !== undefined && node !== '' && (
        <NodeDrawer service={service} name={node} facts={data.failover} onClose={() => onState({ node: '' })} />
      )}
    </>
  );
}
