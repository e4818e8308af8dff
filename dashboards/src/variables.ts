import * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';
import { metric } from '@genesis-dr/exporter/contract';
import type { Board, Variable } from './board.ts';
import type { ScopeLabel } from './query.ts';

type Builder = { build(): dashboard.VariableModel };

/** The variables of a board: data source first, then what narrows it, then its own. */
export function buildVariables(board: Board): Builder[] {
  return [
    new dashboard.DatasourceVariableBuilder('datasource')
      .label('Data source')
      .description('Prometheus that scrapes Genesis DR.')
      .type('prometheus')
      .current({ selected: false, text: 'default', value: 'default' }),
    ...board.scope.map(scopeVariable),
    ...(board.variables ?? []).map(ownVariable),
  ];
}

const info = 'genesis_service_info';
const scopes: Readonly<Record<ScopeLabel, { readonly label: string; readonly series: string }>> = {
  cluster: { label: 'Cluster', series: metric('genesis_build_info') },
  region: { label: 'Region', series: metric(info, { cluster: ['=~', '$cluster'] }) },
  service: { label: 'Service', series: metric(info, { cluster: ['=~', '$cluster'], region: ['=~', '$region'] }) },
};

function scopeVariable(name: ScopeLabel): Builder {
  const { label, series } = scopes[name];
  return (
    queryVariable(name, label, `label_values(${series}, ${name})`)
      .description(`Which ${label.toLowerCase()}s the board shows.`)
      .multi(true)
      .includeAll(true)
      // A pattern instead of a list of all: a thousand services do not fit into an address.
      .allValue('.*')
      .current({ selected: true, text: ['All'], value: ['$__all'] })
  );
}

function queryVariable(name: string, label: string, query: string): dashboard.QueryVariableBuilder {
  return new dashboard.QueryVariableBuilder(name)
    .label(label)
    .datasource({ type: 'prometheus', uid: '${datasource}' })
    .query({ qryType: 1, query, refId: `variable-${name}` })
    .definition(query)
    .refresh(dashboard.VariableRefresh.OnDashboardLoad)
    .sort(dashboard.VariableSort.AlphabeticalAsc);
}

function ownVariable(variable: Variable): Builder {
  const { name, label, description, current } = variable;
  const chosen = { selected: true, text: current, value: current };
  if ('query' in variable) return queryVariable(name, label, variable.query).description(description).current(chosen);
  return new dashboard.CustomVariableBuilder(name)
    .label(label)
    .description(description)
    .values(variable.choices.join(','))
    .options(variable.choices.map((value) => ({ selected: value === current, text: value, value })))
    .current(chosen);
}
