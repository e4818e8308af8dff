import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { actions, type ActionId } from '../contract/actions.ts';
import { OpError } from '../contract/errors.ts';
import { unknown } from '../contract/observed.ts';
import { formatBytes, formatSeconds } from './format.ts';
import { html } from './html.ts';
import { openApiDocument } from './openapi.ts';
import { apiReference } from './reference.ts';
import { secrets } from './testing/fake-app.ts';
import { aService, aSnapshot, anUnknownService, t0 } from './testing/samples.ts';
import { startTestServer, type TestServer } from './testing/test-server.ts';

/** Every $ref of a document. */
function refsOf(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, part]) => (name === '$ref' ? [String(part)] : refsOf(part)));
}

describe('OpenAPI', () => {
  const document = openApiDocument('0.1.0');

  it('describes every action with its parameters, body, replies and problems', () => {
    for (const id of Object.keys(actions) as ActionId[]) {
      const { method, path } = actions[id];
      const item = document.paths?.[`/api/v1${path}`] as Record<
        string,
        {
          operationId: string;
          parameters?: { name: string }[];
          requestBody?: unknown;
          responses: Record<string, unknown>;
        }
      >;
      const operation = item[method.toLowerCase()];
      expect(operation?.operationId).toBe(id);
      expect(Object.keys(operation?.responses ?? {})).toEqual(
        expect.arrayContaining(['400', '401', '403', '404', '429', '500']),
      );
      expect(operation?.requestBody !== undefined).toBe('body' in actions[id]);
      for (const [, name] of path.matchAll(/\{(\w+)\}/g))
        expect(operation?.parameters?.map((parameter) => parameter.name)).toContain(name);
    }
  });

  it('is of version 3.1 and refers only to what it holds', () => {
    const schemas = Object.keys(document.components?.schemas ?? {}).map((name) => `#/components/schemas/${name}`);

    expect(document.openapi).toBe('3.1.0');
    expect(schemas).toEqual(
      expect.arrayContaining([
        '#/components/schemas/Operation',
        '#/components/schemas/Problem',
        '#/components/schemas/Service',
      ]),
    );
    expect(refsOf(document).filter((ref) => !schemas.includes(ref))).toEqual([]);
  });
});

describe('docs/reference/api.md', () => {
  it('is what the tables say', () => {
    const file = join(import.meta.dirname, '..', '..', '..', 'docs', 'reference', 'api.md');

    expect(existsSync(file) ? readFileSync(file, 'utf8') : '').toBe(apiReference());
  });
});

describe('pages', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer();
  });
  afterAll(() => server.close());

  it('lead to the login page without a session', async () => {
    const [start, status] = [await server.send('/'), await server.send('/status')];

    expect([start.status, start.headers.location]).toEqual([303, '/status']);
    expect([status.status, status.headers.location]).toEqual([303, '/login?to=/status']);
    expect((await server.send('/login')).text).toContain('genesis login');
  });

  it.each(['/login', '/api/docs', '/status'])(
    '%s holds no inline script or style and nothing from elsewhere',
    async (path) => {
      const { text } = await server.send(path, { token: secrets.viewer });

      expect(text).not.toMatch(/<script(?![^>]* src="\/assets\/)/);
      expect(text).not.toMatch(/ style=| on\w+=|<style|javascript:/);
      expect(text).not.toMatch(/(?:src|href|url\()="?(?:https?:)?\/\//);
    },
  );

  it('the API page and its document are open and name every route', async () => {
    const page = await server.send('/api/docs');
    const document = await server.send('/api/v1/openapi.json');

    expect(document.json()['openapi']).toBe('3.1.0');
    for (const { path } of Object.values(actions)) expect(page.text).toContain(`/api/v1${path}`);
  });

  it('the status page shows what is known', async () => {
    const { text } = await server.send('/status', { token: secrets.viewer });

    for (const part of [
      'files',
      '29 min ago',
      '700 MiB',
      'copy_offsite',
      'no copy stands at another place',
      'add a copy with offsite: true',
      'same disk',
      '24.0 s left',
      'in 30 min',
      '72 %',
    ]) {
      expect(text).toContain(part.replace('24.0 s', '24 s'));
    }
    expect(text).toContain('<meta http-equiv="refresh" content="10; url=/status?auto=1" />');
  });

  it('the status page shows unknown as unknown and escapes every text', async () => {
    const hostile = '<img src=x onerror="alert(1)">';
    const pause = { service: 'files', by: hostile, reason: hostile, since: t0, until: t0 };
    const copies = [{ name: hostile, path: hostile, facts: unknown(t0, new OpError('copy_disconnected', hostile)) }];
    server.app.current.snapshot = aSnapshot([{ ...aService(hostile), pause, copies }, anUnknownService()]);

    const { text } = await server.send('/status', { token: secrets.viewer });

    expect(text).not.toContain('<img');
    expect(text).not.toContain('<b>repository');
    expect(text.match(/unknown<\/span>/g)?.length).toBeGreaterThanOrEqual(6);
    server.app.current.snapshot = null;
    expect((await server.send('/status', { token: secrets.viewer })).text).toContain('first observation has not ended');
  });
});

describe('text helpers', () => {
  it('escape values but not markup', () => {
    expect(html`<p>${['<', html`<b>${'"'}</b>`, 1, null]}</p>`.text).toBe('<p>&lt;<b>&quot;</b>1</p>');
  });

  it.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1536, '1.5 KiB'],
    [734_003_200, '700 MiB'],
    [2 ** 50 * 3, '3.0 PiB'],
  ])('%d bytes are %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });

  it.each([
    [0.04, '0.0 s'],
    [42, '42 s'],
    [119, '119 s'],
    [1740, '29 min'],
    [14_400, '4 h'],
    [12_000, '3 h 20 min'],
    [446_400, '5 d 4 h'],
  ])('%d seconds are %s', (seconds, text) => {
    expect(formatSeconds(seconds)).toBe(text);
  });
});
