import type {
  Dashboard,
  DashboardLink,
  Panel,
  RowPanel,
  VariableModel,
} from '@grafana/grafana-foundation-sdk/dashboard';

/**
 * Takes out what the SDK (0.0.21) writes unasked: a placement that hides links and annotations in a menu, settings of interval variables
 * on all others, and settings of dashboard links on data links. It may go when the SDK leaves out what was not set.
 */
export function tidy(dashboard: Dashboard): Dashboard {
  return {
    ...dashboard,
    links: (dashboard.links ?? []).map((link) => without(link, ['placement'])),
    annotations: { list: (dashboard.annotations?.list ?? []).map((mark) => without(mark, ['placement', 'builtIn'])) },
    templating: { list: (dashboard.templating?.list ?? []).map(tidyVariable) },
    panels: (dashboard.panels ?? []).map((panel) => (isRow(panel) ? panel : tidyPanel(panel))),
  };
}

function isRow(panel: Panel | RowPanel): panel is RowPanel {
  return panel.type === 'row';
}

function tidyPanel(panel: Panel): Panel {
  // 0: all rows at once. Left out, Grafana adds a pager even for one page; the SDK refuses 0.
  if (panel.type === 'state-timeline') return { ...tidyLinks(panel), options: { ...panel.options, perPage: 0 } };
  return tidyLinks(panel);
}

function tidyLinks(panel: Panel): Panel {
  const { fieldConfig } = panel;
  if (fieldConfig?.defaults.links === undefined) return panel;
  const links = fieldConfig.defaults.links.map(({ title, url }) => ({ title, url }) as DashboardLink);
  return { ...panel, fieldConfig: { ...fieldConfig, defaults: { ...fieldConfig.defaults, links } } };
}

function tidyVariable(variable: VariableModel): VariableModel {
  return without(variable, ['auto', 'auto_min', 'auto_count']);
}

function without<T extends object>(from: T, keys: readonly (keyof T)[]): T {
  return Object.fromEntries(Object.entries(from).filter(([key]) => !keys.includes(key as keyof T))) as T;
}
