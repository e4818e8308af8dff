import { z } from 'zod';
import { notation } from './units.ts';

/** Where `genesis doctor` looks for the dashboards. `secret`: the schema of references to secrets. */
export function grafanaServer<S extends z.ZodType>(secret: S) {
  return z
    .strictObject({
      url: z
        .url({ protocol: /^https?$/, error: 'must be an http or https address' })
        .refine((url) => !/^[a-z]+:\/\/[^/]*@/i.test(url), { error: 'must be without user and password' })
        .meta(notation('url'))
        .nullable()
        .default(null)
        .describe('Grafana that shows the generated dashboards, e.g. http://127.0.0.1:3000. null: not looked at.'),
      token: secret
        .nullable()
        .default(null)
        .describe('Token of a service account with the role Viewer. null: asked without one.'),
    })
    .prefault({})
    .describe('Where `genesis doctor` looks for the dashboards.');
}
