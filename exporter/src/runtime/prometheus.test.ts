import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createPrometheusClient } from './prometheus.ts';

const never = new AbortController().signal;
const recorded = (name: string): string =>
  readFileSync(new URL(`../core/testdata/prometheus-2.42-${name}.json`, import.meta.url), 'utf8');

let server: Server;
let url: string;
let asked: string[];
let answer: (request: IncomingMessage, response: ServerResponse) => void;

beforeEach(async () => {
  asked = [];
  server = createServer((request, response) => {
    asked.push(request.url ?? '');
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

function clientOf(settings: { url: string | null; timeout: number }, bytes = 100_000) {
  return createPrometheusClient(() => settings, fetch, { bytes });
}
function replyWith(status: number, body: string, headers: Record<string, string> = {}): typeof answer {
  return (_request, response) => response.writeHead(status, headers).end(body);
}

describe('the Prometheus client', () => {
  it('asks for an instant below the path of the address, with the time it may take', async () => {
    answer = replyWith(200, recorded('sla-records'));

    const read = await clientOf({ url: `${url}/prom/`, timeout: 2.5 }).instant('a{b="c d"}', never);

    expect(read.known && read.value.length).toBe(10);
    expect(asked).toEqual(['/prom/api/v1/query?query=a%7Bb%3D%22c+d%22%7D&timeout=2500ms']);
  });

  it('asks for a range', async () => {
    answer = replyWith(200, recorded('range'));

    const read = await clientOf({ url, timeout: 2 }).range('up', { start: 10, end: 20, stepSeconds: 5 }, never);

    expect(read.known && read.value.length).toBe(2);
    expect(asked).toEqual(['/api/v1/query_range?query=up&start=10&end=20&step=5&timeout=2000ms']);
  });

  it.each([
    ['sla-records', 'several_series'],
    ['nan', 'not_a_number'],
    ['empty', 'empty'],
    ['scalar', 'malformed'],
  ])('has no single value in %s', async (name, reason) => {
    answer = replyWith(200, recorded(name));

    expect(await clientOf({ url, timeout: 2 }).value('x', never)).toMatchObject({ known: false, reason });
  });

  it('does not follow a redirect, wherever it leads', async () => {
    answer = replyWith(302, '', { location: `${url}/elsewhere` });

    const read = await clientOf({ url, timeout: 2 }).instant('up', never);

    expect(read).toMatchObject({ known: false, reason: 'refused', message: expect.stringContaining('status 302') });
    expect(asked).toHaveLength(1);
  });

  it('stops reading what is too large', async () => {
    let sent = 0;
    answer = (_request, response) => {
      const more = (): void => {
        if (response.destroyed) return;
        sent += 1000;
        response.write('x'.repeat(1000), () => setImmediate(more));
      };
      more();
    };

    const read = await clientOf({ url, timeout: 5 }, 10_000).instant('up', never);

    expect(read).toMatchObject({ known: false, reason: 'too_large' });
    expect(sent).toBeLessThan(50_000_000);
  });

  it('waits only as long as it may, also for the end of an answer', async () => {
    answer = (_request, response) => void response.write('{');

    expect(await clientOf({ url, timeout: 0.2 }).instant('up', never)).toEqual({
      known: false,
      reason: 'timeout',
      message: 'Prometheus did not answer within 0.2 s',
    });
  });

  it('says when nobody listens, when it is told to stop, and when there is no address', async () => {
    answer = () => undefined;
    const gone = await clientOf({ url: 'http://127.0.0.1:1', timeout: 2 }).instant('up', never);
    const stopped = await clientOf({ url, timeout: 2 }).instant('up', AbortSignal.abort());
    const absent = await clientOf({ url: null, timeout: 2 }).instant('up', never);

    expect(gone).toMatchObject({ reason: 'unreachable', message: expect.stringContaining('cannot be reached') });
    expect(stopped).toMatchObject({ reason: 'unreachable' });
    expect(absent).toEqual({ known: false, reason: 'not_configured', message: 'prometheus.url is not set' });
  });

  it('reads the address anew, because the file may be loaded again', async () => {
    answer = replyWith(200, recorded('empty'));
    let current: { url: string | null; timeout: number } = { url: null, timeout: 2 };
    const client = createPrometheusClient(() => current, fetch);
    await client.instant('up', never);
    current = { url, timeout: 2 };

    expect(await client.instant('up', never)).toEqual({ known: true, value: [] });
  });
});
