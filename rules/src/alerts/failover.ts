import { maxBy, serviceKey, sumBy } from '../expr.ts';
import { recorded } from '../recording/index.ts';
import { threshold } from '../thresholds.ts';
import { aboutService, keepFiringSeconds, ofService, type Alert } from './alert.ts';

export const failoverAlerts: readonly Alert[] = [
  {
    name: 'GenesisSplitBrainSuspected',
    severity: 'critical',
    component: 'failover',
    // No second is right: a move stops the old primary before it makes a new one. Scrape and evaluation leave half of the minute.
    forSeconds: 0,
    keepFiringForSeconds: keepFiringSeconds,
    // The count of writers asks apart from the probes: a node that says it is no primary may take writes all the same.
    expr: () =>
      aboutService(
        `(${recorded('service:genesis_primaries:count')} > 1 or ${maxBy(serviceKey, 'genesis_writable_nodes')} > 1)`,
      ),
    summary: '{{ $labels.service }} has {{ $value }} primaries',
    description: `{{ $value }} nodes of ${ofService} call themselves primary or take writes. Writes to both diverge, and one side will have to be thrown away: stop one of them first.`,
  },
  {
    name: 'GenesisNoFailoverCandidate',
    severity: 'critical',
    component: 'failover',
    forSeconds: 120,
    keepFiringForSeconds: keepFiringSeconds,
    expr: () => aboutService(`${recorded('service:genesis_failover_candidates:sum')} == 0`),
    summary: '{{ $labels.service }} could not fail over',
    description: `No node of ${ofService} could take over: if the primary is lost now, only a restore is left.`,
  },
  {
    name: 'GenesisFailoverFailed',
    severity: 'critical',
    component: 'failover',
    forSeconds: 0,
    keepFiringForSeconds: 900,
    expr: () =>
      aboutService(
        `${sumBy(serviceKey, 'genesis_failover_total', { matchers: { result: 'failure' }, range: '15m', over: 'increase' })} > 0`,
      ),
    summary: 'A failover of {{ $labels.service }} failed',
    description: `A failover or switchover of ${ofService} failed in the last 15 minutes. The operation says at which step, and which node is primary now.`,
  },
  {
    name: 'GenesisFailoverFlapping',
    severity: 'critical',
    component: 'failover',
    forSeconds: 0,
    keepFiringForSeconds: 1800,
    expr: (config) =>
      aboutService(`${recorded('service:genesis_failovers:increase1h')} > ${threshold('failovers_per_hour', config)}`),
    summary: '{{ $labels.service }} fails over again and again',
    description: `${ofService} has failed over about {{ $value | printf "%.0f" }} times within an hour: what each failover should mend is not the cause.`,
  },
  {
    name: 'GenesisFailoverHappened',
    severity: 'warning',
    component: 'failover',
    forSeconds: 0,
    expr: () =>
      aboutService(
        `${sumBy(serviceKey, 'genesis_failover_total', { matchers: { result: 'success' }, range: '15m', over: 'increase' })} > 0`,
      ),
    summary: '{{ $labels.service }} has failed over',
    description: `${ofService} was moved to another primary in the last 15 minutes. It works; find out why, and bring the old primary back as a standby.`,
  },
  {
    name: 'GenesisCircuitBreakerOpen',
    severity: 'warning',
    component: 'failover',
    forSeconds: 300,
    expr: () =>
      aboutService(`${maxBy(serviceKey, 'genesis_circuit_breaker_state', { matchers: { state: 'open' } })} == 1`),
    summary: 'The circuit breaker of {{ $labels.service }} is open',
    description: `The circuit breaker of ${ofService} has been open for five minutes: requests are refused or answered by the fallback.`,
  },
  {
    name: 'GenesisCircuitBreakerChanged',
    severity: 'warning',
    component: 'failover',
    forSeconds: 0,
    expr: () =>
      aboutService(
        `${sumBy([...serviceKey, 'state'], 'genesis_circuit_breaker_transitions_total', { range: '10m', over: 'increase' })} > 0`,
      ),
    summary: 'The circuit breaker of {{ $labels.service }} went {{ $labels.state }}',
    description: `The circuit breaker of ${ofService} changed to {{ $labels.state }} in the last ten minutes.`,
  },
  {
    name: 'GenesisFailoverHeld',
    severity: 'critical',
    component: 'failover',
    forSeconds: 30,
    keepFiringForSeconds: keepFiringSeconds,
    expr: () => aboutService(`${maxBy(serviceKey, 'genesis_failover_held')} == 1`),
    summary: 'A failover of {{ $labels.service }} needs a person',
    description: `Something is wrong with ${ofService} that Genesis does not settle by itself: nobody can take over, the old primary is not proven to be down, or too much would be lost. The failover page says which.`,
  },
  {
    name: 'GenesisNodeFenced',
    severity: 'warning',
    component: 'failover',
    forSeconds: 3600,
    expr: () => aboutService(`${maxBy([...serviceKey, 'node'], 'genesis_node_fenced')} == 1`),
    summary: 'Node {{ $labels.node }} of {{ $labels.service }} was not brought back',
    description: `Node {{ $labels.node }} of ${ofService} was taken out an hour ago or more: there is one standby less for the next failover.`,
  },
];
