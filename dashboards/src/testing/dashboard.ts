import { Config } from '@genesis-dr/exporter/config';
import { generate } from '../index.ts';

// Boards as Grafana reads them: tests look at the generated JSON, not at what it was made from.

export interface TargetJson {
  readonly refId: string;
  readonly expr: string;
  readonly legendFormat: string;
  readonly instant?: boolean;
  readonly range?: boolean;
  readonly format?: string;
  readonly datasource: { readonly type: string; readonly uid: string };
}
export interface PanelJson {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly datasource?: { readonly uid: string };
  readonly targets?: readonly TargetJson[];
  readonly transformations?: readonly { readonly id: string; readonly options: unknown }[];
  readonly options: {
    readonly legend?: { readonly showLegend?: boolean; readonly show?: boolean };
    readonly reduceOptions?: { readonly calcs: readonly string[] };
    readonly filterValues?: Readonly<Record<string, number>>;
  };
  readonly fieldConfig: {
    readonly defaults: {
      readonly unit?: string;
      readonly noValue?: string;
      readonly mappings?: readonly unknown[];
      readonly color?: { readonly mode: string };
      readonly thresholds?: { readonly steps: readonly { readonly value: number | null; readonly color: string }[] };
      readonly links?: readonly { readonly url: string }[];
    };
    readonly overrides: readonly {
      readonly matcher: { readonly id: string; readonly options: unknown };
      readonly properties: readonly { readonly id: string; readonly value: unknown }[];
    }[];
  };
}
export interface VariableJson {
  readonly name: string;
  readonly type: string;
  readonly multi?: boolean;
  readonly includeAll?: boolean;
  readonly query?: unknown;
  readonly current?: { readonly value: unknown };
  readonly options?: readonly { readonly value: string }[];
}
export interface DashboardJson {
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly tags: readonly string[];
  readonly editable: boolean;
  readonly refresh: string;
  readonly time: { readonly from: string; readonly to: string };
  readonly schemaVersion: number;
  readonly panels: readonly PanelJson[];
  readonly templating: { readonly list: readonly VariableJson[] };
  readonly annotations: { readonly list?: readonly { readonly name: string; readonly expr: string }[] };
}

export function dashboards(): DashboardJson[] {
  const config = Config.parse({ services: [{ name: 'demo-files' }] });
  return generate(config).map((file) => JSON.parse(file.content) as DashboardJson);
}

/** Panels that show something: rows are left out. */
export function panelsOf(board: DashboardJson): readonly PanelJson[] {
  return board.panels.filter((panel) => panel.type !== 'row');
}
