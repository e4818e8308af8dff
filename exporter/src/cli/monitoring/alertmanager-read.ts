import { z } from 'zod';
import { mapAnswer, type Answer } from './answer.ts';
import { below, type HttpReader } from './http-read.ts';

const Status = z.object({ versionInfo: z.object({ version: z.string() }) });
const Alert = z.object({
  labels: z.record(z.string(), z.string()),
  updatedAt: z.string(),
  endsAt: z.string(),
});
export type HeldAlert = z.output<typeof Alert>;

export interface AlertmanagerReader {
  version(): Promise<Answer<string>>;
  /** The alerts of this name that it holds now. */
  alertsNamed(name: string): Promise<Answer<readonly HeldAlert[]>>;
}

/** API v2 of one Alertmanager, 0.25 or later. */
export function createAlertmanagerReader(http: HttpReader, url: string, timeoutMs: number): AlertmanagerReader {
  return {
    version: async () =>
      mapAnswer(await http.json(below(url, '/api/v2/status'), Status, { timeoutMs }), (s) => s.versionInfo.version),
    alertsNamed: (name) =>
      http.json(below(url, `/api/v2/alerts?filter=${encodeURIComponent(`alertname="${name}"`)}`), z.array(Alert), {
        timeoutMs,
      }),
  };
}
