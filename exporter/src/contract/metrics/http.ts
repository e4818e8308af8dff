import { programCounter, programHistogram, requestBuckets } from './family.ts';

export const httpMetrics = {
  genesis_http_requests_total: programCounter({
    help: 'HTTP requests answered, by route template and status.',
    labels: ['method', 'route', 'status'],
  }),
  genesis_http_request_duration_seconds: programHistogram({
    help: 'Time until the answer to an HTTP request was sent.',
    labels: ['method', 'route'],
    buckets: requestBuckets,
  }),
  genesis_auth_failures_total: programCounter({
    help: 'Requests refused before they could do anything, by kind of gate.',
    labels: ['kind'],
  }),
} as const;

/** Values of the label `kind` of genesis_auth_failures_total. */
export const authFailureKinds = ['token', 'login', 'host', 'origin', 'role', 'identity'] as const;
export type AuthFailureKind = (typeof authFailureKinds)[number];
