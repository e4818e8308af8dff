import type { Role } from './operation.ts';

/** What the exporter writes into the console's page, so that the page knows who is there before it asks anything. */
export interface ConsoleBoot {
  /** Of the exporter. */
  readonly version: string;
  readonly cluster: string;
  readonly user: {
    /** Name of the token that was typed in, or `login-link`. */
    readonly name: string;
    readonly role: Exclude<Role, 'metrics'>;
    /** False where a program sent its token along: there is no session to end. */
    readonly canLogOut: boolean;
  };
}

/** Id of the Grafana app, whose addresses the console keeps: links in alerts work in both. */
export const appId = 'genesis-dr-app';
