import { z } from 'zod';
import { identityModes } from '../contract/operation.ts';
import { absolutePath, SecretRef } from './secret-ref.ts';
import { notation } from './units.ts';

const address = z
  .url({ protocol: /^https?$/, error: 'must be an http or https address' })
  .refine((url) => !/^[a-z]+:\/\/[^/]*@/i.test(url), { error: 'must be without user and password' })
  .meta(notation('url'));

/** Grafana as a neighbour: `genesis doctor` looks for the dashboards there, and its signature names people. */
export const GrafanaServer = z
  .strictObject({
    url: address
      .nullable()
      .default(null)
      .describe('Grafana as this machine reaches it, e.g. http://127.0.0.1:3000. null: not looked at.'),
    token: SecretRef.nullable()
      .default(null)
      .describe('Token of a service account with the role Viewer. null: asked without one.'),
    ca_file: absolutePath
      .nullable()
      .default(null)
      .describe('PEM file of the authority that signed its certificate. null: those of the system.'),
    identity: z
      .enum(identityModes)
      .default('off')
      .describe(
        "Whether the person behind the plugin is proven by Grafana's signature (X-Grafana-Id). off: the audit says unverified; warn: an unproven person may act, is counted and logged; require: is refused. Reading needs no person.",
      ),
    root_url: address
      .nullable()
      .default(null)
      .describe('Its own setting root_url, which its signature names as the issuer. null: the same as url.'),
    org_id: z
      .int()
      .min(1)
      .default(1)
      .describe('Organisation in which the plugin is used; a signature for another one is not accepted.'),
  })
  .prefault({})
  .describe('Where `genesis doctor` looks for the dashboards, and who proves the names of people.');
export type GrafanaServer = z.output<typeof GrafanaServer>;
