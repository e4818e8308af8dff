import * as common from '@grafana/grafana-foundation-sdk/common';
import type { DynamicConfigValue } from '@grafana/grafana-foundation-sdk/dashboard';
import * as prometheus from '@grafana/grafana-foundation-sdk/prometheus';
import * as table from '@grafana/grafana-foundation-sdk/table';
import { fieldLinkValues, mappings, missing, readable, steps } from './fields.ts';
import type { Column, TablePanel } from './panel.ts';

/** A table with one instant query a column, joined by the labels that name a row. */
export function tableBuilder(panel: TablePanel, datasource: common.DataSourceRef): table.PanelBuilder {
  const builder = new table.PanelBuilder()
    .targets(
      panel.columns.map((column, index) =>
        new prometheus.DataqueryBuilder()
          .refId(refId(index))
          .datasource(datasource)
          .expr(column.expr)
          .legendFormat(column.title)
          .format(prometheus.PromQueryFormat.Table)
          .instant(),
      ),
    )
    .showHeader(true)
    .cellHeight(common.TableCellHeight.Sm)
    .filterable(true)
    // Grafana's least width of a column is 150 pixels: a table of ten would lose the last ones.
    .minWidth(80)
    .transformations([
      // Rows with the same keys become one; a service that one query does not know keeps its row, with that cell empty.
      { id: 'merge', options: {} },
      { id: 'organize', options: organize(panel) },
    ]);
  for (const column of panel.columns)
    builder.overrideByName(column.title, columnProperties(column, column.noValue ?? panel.noValue ?? noData));
  for (const [key, links] of Object.entries(panel.keyLinks))
    builder.overrideByName(key, [{ id: 'links', value: fieldLinkValues(links) }]);
  return builder;
}

/** What stands where there is no value and the panel says nothing better. */
export const noData = 'no data';

const refId = (index: number): string => String.fromCharCode('A'.charCodeAt(0) + index);

function organize(panel: TablePanel): Record<string, unknown> {
  const values = panel.columns.map((column, index) => ({ field: valueField(panel, index), title: column.title }));
  return {
    excludeByName: { Time: true },
    includeByName: {},
    indexByName: Object.fromEntries(
      [...panel.keys, ...values.map(({ field }) => field)].map((field, index) => [field, index]),
    ),
    renameByName: Object.fromEntries(values.map(({ field, title }) => [field, title])),
  };
}

/** Grafana numbers the value columns as soon as there are several queries. */
function valueField(panel: TablePanel, index: number): string {
  return panel.columns.length === 1 ? 'Value' : `Value #${refId(index)}`;
}

function columnProperties(column: Column, absent: string): DynamicConfigValue[] {
  const colored = column.steps !== undefined || column.words !== undefined;
  const decimals = column.decimals ?? (column.unit === 'percentunit' ? 1 : undefined);
  return [
    { id: 'unit', value: column.unit },
    { id: 'mappings', value: [...mappings(column.words), missing(absent)] },
    { id: 'custom.wrapHeaderText', value: true },
    // Its icon would take the place of the title; rows are looked for by their keys.
    { id: 'custom.filterable', value: false },
    ...(decimals === undefined ? [] : [{ id: 'decimals', value: decimals }]),
    ...(column.steps === undefined
      ? []
      : [{ id: 'thresholds', value: { mode: 'absolute', steps: steps(readable(column.steps)) } }]),
    ...(colored ? [{ id: 'custom.cellOptions', value: { type: 'color-text' } }] : []),
    ...(column.links === undefined ? [] : [{ id: 'links', value: fieldLinkValues(column.links) }]),
  ];
}
