import type { HeldAlert } from './alertmanager-read.ts';
import type { Answer } from './answer.ts';
import type { CanonicalForms } from './compare-rules.ts';
import type { ExpectedGroup } from './expected-rules.ts';
import type { LoadedGroup, PrometheusRuntime, PromSample, Target } from './prometheus-read.ts';

/** What the exporter said, asked directly. */
export interface ExporterFacts {
  readonly url: string;
  /** Status and time of /healthz. */
  readonly health: Answer<{ readonly tookSeconds: number; readonly clockAheadSeconds: number | null }>;
  /** Names of the families whose HELP stands on /metrics. */
  readonly families: Answer<readonly string[]>;
  /** genesis_start_timestamp_seconds of the page: tells one run of the program from another. */
  readonly startedAt: Answer<number>;
}

export interface PrometheusFacts {
  readonly url: string;
  readonly version: Answer<string>;
  readonly targets: Answer<readonly Target[]>;
  readonly groups: Answer<readonly LoadedGroup[]>;
  readonly canonical: CanonicalForms;
  readonly alertmanagers: Answer<readonly string[]>;
  readonly runtime: Answer<PrometheusRuntime>;
  readonly headSeries: Answer<number>;
  /** Seconds that its clock is ahead of this machine's, and half the time the question took. */
  readonly clock: Answer<{ readonly aheadSeconds: number; readonly marginSeconds: number }>;
  /** Samples of the last scrape of each target of the job. */
  readonly scrapedSamples: Answer<readonly PromSample[]>;
  /** Series of the job whose label `service` was renamed to `exported_service`. */
  readonly renamedSeries: Answer<readonly PromSample[]>;
  /** genesis_start_timestamp_seconds as it was scraped. */
  readonly startedAt: Answer<readonly PromSample[]>;
}

export interface AlertmanagerFacts {
  readonly url: string;
  readonly version: Answer<string>;
  readonly watchdogs: Answer<readonly HeldAlert[]>;
}

export interface GrafanaFacts {
  readonly url: string;
  readonly dashboards: Answer<readonly string[]>;
}

/** What the configuration says that there should be. */
export interface Expected {
  readonly cluster: string;
  readonly job: string;
  readonly scrapeIntervalSeconds: number;
  readonly families: readonly string[];
  readonly groups: readonly ExpectedGroup[];
  readonly dashboards: readonly string[];
  readonly maxSeries: number;
}

/** Everything that the checks judge; null: no address is known. */
export interface Facts {
  readonly now: Date;
  readonly expected: Expected;
  readonly exporter: ExporterFacts | null;
  readonly prometheus: PrometheusFacts | null;
  readonly alertmanager: AlertmanagerFacts | null;
  readonly grafana: GrafanaFacts | null;
}
