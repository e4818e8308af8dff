import type { Config } from '@genesis-dr/exporter/config';

/** One recorded series name (level:metric:operation) and how it is made. */
export interface RecordDefinition {
  /** Labels of the recorded series. */
  readonly labels: readonly string[];
  /** Mostly one rule; several where each adds its own constant labels. */
  rules(config: Config): readonly { readonly expr: string; readonly labels?: Readonly<Record<string, string>> }[];
}
