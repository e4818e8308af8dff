import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import path from 'node:path';
import Ajv from 'ajv';
import { FakeCluster, refusal, type Answer } from './kubernetes-cluster.ts';
import type { Habits, Json, Kind } from './kubernetes-objects.ts';
import { checkout, tempFolder } from './processes.ts';

// A server of our own that answers as the API of Kubernetes does, as far as scaling needs it. Every answer is checked against the published
// schema. It has the controllers' habits that matter: numbers are accepted before anything happens, status changes bump the version of an
// object, an HPA sets the number back, pods that are not ready end first, then those of the lowest deletion cost.

export interface FakeKubernetes {
  readonly kubeconfig: string;
  readonly habits: Habits;
  /** Method, path and query of each call. */
  readonly calls: string[];
  /** Answers that the published schema does not allow. */
  readonly violations: string[];
  replicas(): number;
  /** Somebody else does it. */
  setReplicas(count: number): void;
  pods(): readonly string[];
  annotationsOf(pod: string): Record<string, string>;
  annotate(pod: string, annotations: Record<string, string>): void;
  hpaMinimum(): number | null;
  stop(): Promise<void>;
}

export async function startKubernetes(kind: Kind, habits: Partial<Habits> = {}): Promise<FakeKubernetes> {
  const cluster = new FakeCluster(kind, {
    controllerMs: 30,
    readyMs: 80,
    endMs: 80,
    broken: null,
    denied: [],
    conflicts: 0,
    quota: null,
    hpa: null,
    metrics: null,
    budget: false,
    down: false,
    ...habits,
  });
  const check = schemaCheck();
  const violations: string[] = [];
  const token = randomBytes(16).toString('hex');
  const server = createServer((request, reply) => {
    void answerTo(cluster, token, request).then(({ status, body }) => {
      violations.push(...check(body));
      send(reply, status, body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  const timer = setInterval(() => cluster.tick(Date.now()), 20);
  const kubeconfig = path.join(tempFolder('gk8s-'), 'kubeconfig');
  writeFileSync(kubeconfig, kubeconfigOf(`http://127.0.0.1:${address.port}`, token), { mode: 0o600 });
  return {
    kubeconfig,
    habits: cluster.habits,
    calls: cluster.calls,
    violations,
    replicas: () => cluster.replicas,
    setReplicas: (count) => cluster.setReplicas(count),
    pods: () => cluster.pods.map((pod) => pod.name),
    annotationsOf: (pod) => cluster.podNamed(pod).annotations,
    annotate: (pod, annotations) => void (cluster.podNamed(pod).annotations = annotations),
    hpaMinimum: () => cluster.habits.hpa?.min ?? null,
    stop: async () => {
      clearInterval(timer);
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** The client library refuses plain HTTP unless the certificate is not to be looked at either. */
function kubeconfigOf(server: string, token: string): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'test', cluster: { server, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'genesis', user: { token } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'genesis' } }],
    'current-context': 'test',
  });
}

/** The published schemas; metrics.k8s.io is not in them, it is served by an add-on. */
function schemaCheck(): (body: Json) => readonly string[] {
  const file = 'exporter/src/engines/scaling/kubernetes/testdata/openapi-kubernetes-1.36.0.json';
  const { roots, definitions } = JSON.parse(readFileSync(path.join(checkout, file), 'utf8')) as {
    roots: Record<string, string>;
    definitions: Json;
  };
  const ajv = new Ajv({ format: false, unknownFormats: 'ignore' });
  const checks = new Map(
    Object.entries(roots).map(([kind, id]) => [kind, ajv.compile({ $ref: `#/definitions/${id}`, definitions })]),
  );
  return (body) => {
    const kind = typeof body['kind'] === 'string' ? body['kind'] : 'Info';
    if (kind === 'PodMetricsList') return [];
    const check = checks.get(kind);
    if (check === undefined) return [`${kind} has no schema`];
    return check(body) ? [] : [`${kind}: ${ajv.errorsText(check.errors)}`];
  };
}

function send(reply: ServerResponse, status: number, body: Json): void {
  reply.writeHead(status, { 'content-type': 'application/json' });
  reply.end(JSON.stringify(body));
}

async function answerTo(cluster: FakeCluster, token: string, request: IncomingMessage): Promise<Answer> {
  const url = new URL(request.url ?? '/', 'http://server');
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  cluster.calls.push(`${request.method ?? ''} ${url.pathname}${url.search}`);
  if (cluster.habits.down) return refusal(503, 'ServiceUnavailable', 'the server is currently unable to handle it');
  if (request.headers.authorization !== `Bearer ${token}`) return refusal(401, 'Unauthorized', 'Unauthorized');
  const text = Buffer.concat(chunks).toString();
  const isPatch = request.method === 'PATCH';
  if (isPatch && request.headers['content-type'] !== 'application/merge-patch+json')
    return refusal(415, 'UnsupportedMediaType', `the body of the request was in an unknown format`);
  return cluster.answer(url, isPatch ? (JSON.parse(text) as Json) : null);
}
