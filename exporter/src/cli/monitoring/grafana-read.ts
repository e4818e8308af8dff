import { z } from 'zod';
import { mapAnswer, type Answer } from './answer.ts';
import { below, type HttpReader } from './http-read.ts';

const Found = z.array(z.object({ uid: z.string(), title: z.string() }));

/** Uids of the dashboards with our tag that this token may see. Source: Grafana HTTP API, folder/dashboard search. */
export async function readDashboards(
  http: HttpReader,
  url: string,
  token: string | null,
  timeoutMs: number,
): Promise<Answer<readonly string[]>> {
  const found = await http.json(below(url, '/api/search?type=dash-db&tag=genesis-dr&limit=1000'), Found, {
    token,
    timeoutMs,
  });
  return mapAnswer(found, (dashboards) => dashboards.map((dashboard) => dashboard.uid));
}
