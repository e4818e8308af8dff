import type { IsoTime } from './observed.ts';

/** What demand is expected, and how far that can be trusted. Times are seconds. */

/** Demand in units of the metric for the whole service: mean and interval for times ahead. */
export interface ForecastPoint {
  readonly at: IsoTime;
  readonly mean: number;
  readonly lower: number;
  readonly upper: number;
}

export const forecastModels = ['seasonal_naive', 'holt_winters', 'ridge'] as const;
export type ForecastModel = (typeof forecastModels)[number];

/** Errors on data that the model had not seen, by rolling backtest. */
export interface ForecastError {
  /** Mean absolute percentage error, 0.1 is 10 %; null: values at or near zero make it meaningless. */
  readonly mape: number | null;
  /** Mean pinball loss at the upper quantile, in the unit of the metric. */
  readonly pinball: number;
  /** Share of values inside the interval; nominal is `level`. */
  readonly coverage: number;
  /** Mean absolute error over that of the seasonal naive. */
  readonly relativeToNaive: number;
}

export type ForecastFacts =
  | {
      readonly known: true;
      readonly metric: string;
      readonly madeAt: IsoTime;
      readonly model: ForecastModel;
      /** Of the interval, e.g. 0.8. */
      readonly level: number;
      readonly points: readonly ForecastPoint[];
      readonly error: ForecastError;
      /** What it was trained on. */
      readonly trainedFrom: IsoTime;
      readonly trainedTo: IsoTime;
      readonly samples: number;
      readonly trainingSeconds: number;
    }
  | { readonly known: false; readonly metric: string | null; readonly why: string };
