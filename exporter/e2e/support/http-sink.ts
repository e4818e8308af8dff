import { createServer } from 'node:http';

interface SunkRequest {
  readonly path: string;
  readonly body: unknown;
}

export interface HttpSink {
  readonly url: string;
  /** Bodies (JSON) that came to a path, in order of arrival. */
  received<T = Readonly<Record<string, unknown>>>(path: string): readonly T[];
  /** Answers this status on a path from now on; default 200. */
  answer(path: string, status: number): void;
  stop(): Promise<void>;
}

/** Takes JSON on any path: stands for Slack, PagerDuty, webhooks and a dead man's switch. */
export async function startHttpSink(): Promise<HttpSink> {
  const requests: SunkRequest[] = [];
  const statuses = new Map<string, number>();
  const server = createServer((request, reply) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const path = request.url ?? '';
      requests.push({ path, body: JSON.parse(Buffer.concat(chunks).toString('utf8')) as unknown });
      reply.statusCode = statuses.get(path) ?? 200;
      reply.end('ok');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the HTTP sink has no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    received: <T>(path: string) => requests.filter((one) => one.path === path).map(({ body }) => body as T),
    answer: (path, status) => statuses.set(path, status),
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
