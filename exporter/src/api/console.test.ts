import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync, brotliDecompressSync } from 'node:zlib';
import { accepts } from './console-files.ts';
import { fillPage } from './console.ts';
import { fakeApp, secrets } from './testing/fake-app.ts';
import { startTestServer, type TestServer } from './testing/test-server.ts';

const script = 'console.log("a script that is long enough to be worth compressing")';
const folder = mkdtempSync(join(tmpdir(), 'genesis-console-'));
const empty = join(folder, 'nothing');
const built = join(folder, 'built');

/** What plugin/scripts/console.ts leaves behind, in small. */
function writeBuild(text: string): void {
  const files = { 'main-1.js': { type: 'text/javascript; charset=utf-8', encodings: ['br'] } };
  mkdirSync(join(built, 'assets'), { recursive: true });
  writeFileSync(join(built, 'assets/main-1.js'), script);
  writeFileSync(join(built, 'assets/main-1.js.br'), brotliCompressSync(script));
  writeFileSync(join(built, 'assets/unlisted.js'), 'not of this build');
  writeFileSync(join(built, 'index.html'), `<style nonce="%NONCE%"></style><script>%BOOT%</script>${text}`);
  writeFileSync(join(built, 'manifest.json'), JSON.stringify({ format: 1, page: 'index.html', files }));
}

writeBuild('first');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the console', () => {
  let server: TestServer;
  beforeEach(async () => {
    server = await startTestServer(fakeApp(), { consoleFolders: [empty, built] });
  });
  afterEach(() => server.close());

  it('opens at the start, at its own address and at those of the app', async () => {
    expect((await server.send('/')).headers.location).toBe('/console');
    for (const path of ['/console', '/a/genesis-dr-app', '/a/genesis-dr-app/backups', '/plugins/genesis-dr-app']) {
      const answer = await server.send(path, { token: secrets.viewer });

      expect([answer.status, answer.headers['cache-control']]).toEqual([200, 'no-store']);
      expect(answer.text).toContain('"role":"viewer"');
    }
  });

  it('leads somebody without a session to the login, and from there back', async () => {
    const [start, page] = [
      await server.send('/console'),
      await server.send('/a/genesis-dr-app/services/web?tab=files'),
    ];

    expect([start.status, start.headers.location]).toEqual([303, '/login']);
    expect([page.status, page.headers.location]).toEqual([
      303,
      `/login?to=${encodeURIComponent('/a/genesis-dr-app/services/web?tab=files')}`,
    ]);
    expect((await server.send('/console', { token: secrets.expired })).status).toBe(401);
    expect((await server.send('/console', { token: secrets.metrics })).status).toBe(403);
  });

  it('takes a link from another site up once more from its own, because the cookie came not along', async () => {
    const headers = { 'sec-fetch-site': 'cross-site' };
    const address = '/a/genesis-dr-app/services/web?tab=files&x="><b>';

    const answer = await server.send(address.replaceAll('"', '%22').replaceAll('<', '%3C').replaceAll('>', '%3E'), {
      headers,
    });

    expect(answer.status).toBe(200);
    expect(answer.text).toContain('url=/a/genesis-dr-app/services/web?tab=files&amp;x=%22%3E%3Cb%3E"');
    expect(
      (await server.send(address.split('?')[0] ?? '', { headers: { 'sec-fetch-site': 'same-origin' } })).status,
    ).toBe(303);
  });

  it('has a policy without inline scripts, eval and other sites; its nonce is new each time and stands in the page', async () => {
    const answers = [
      await server.send('/console', { token: secrets.admin }),
      await server.send('/console', { token: secrets.admin }),
    ];

    const nonces = answers.map(({ headers, text }) => {
      const policy = String(headers['content-security-policy']);
      expect(policy).toContain("script-src 'self';");
      expect(policy).toContain("require-trusted-types-for 'script'");
      expect(policy).not.toMatch(/unsafe|https?:|\*/);
      const nonce = /'nonce-([\w-]{20,})'/.exec(policy)?.[1] ?? 'none';
      expect(text).toContain(`nonce="${nonce}"`);
      return nonce;
    });
    expect(new Set(nonces).size).toBe(2);
  });

  it('gives its files to everybody, compressed, to be kept forever, and nothing that is not of the build', async () => {
    const asset = (name: string, encoding: string) =>
      server.open(`/console/assets/${name}`, { headers: { 'accept-encoding': encoding } });
    const bodyOf = async (encoding: string): Promise<Buffer> => {
      const answer = await asset('main-1.js', encoding);
      const chunks: Buffer[] = [];
      for await (const chunk of answer) chunks.push(chunk as Buffer);
      expect(answer.headers).toMatchObject({
        'cache-control': 'public, max-age=31536000, immutable',
        'content-type': 'text/javascript; charset=utf-8',
        vary: 'Accept-Encoding',
        'x-content-type-options': 'nosniff',
      });
      return Buffer.concat(chunks);
    };

    expect(brotliDecompressSync(await bodyOf('gzip, br')).toString()).toBe(script);
    expect((await bodyOf('br;q=0, gzip')).toString()).toBe(script);
    for (const name of ['unlisted.js', 'main-1.js.br', 'manifest.json', 'constructor', ''])
      expect((await server.send(`/console/assets/${name}`)).status).toBe(404);
    expect((await server.send('/console/assets/../manifest.json')).status).toBe(400);
  });

  it('takes over a build that is made while it runs', async () => {
    await server.send('/console', { token: secrets.admin });
    await new Promise((resolve) => setTimeout(resolve, 20)); // the file times must differ

    writeBuild('second');

    expect((await server.send('/console', { token: secrets.admin })).text).toContain('second');
  });

  it('says how it is built where it is not; the start leads to the status page then', async () => {
    const bare = await startTestServer(server.app, { consoleFolders: [empty] });

    const answer = await bare.send('/console', { token: secrets.viewer });

    expect([answer.status, (await bare.send('/')).headers.location]).toEqual([503, '/status']);
    expect(answer.text).toContain('npm run build');
    expect((await bare.send('/status', { token: secrets.viewer })).text).not.toContain('href="/console"');
    expect((await server.send('/status', { token: secrets.viewer })).text).toContain('href="/console"');
    await bare.close();
  });
});

it('puts values into the page that cannot end their element, whatever they hold', () => {
  const user = { name: '</script><b>$&%NONCE%', role: 'viewer', canLogOut: true } as const;

  const page = fillPage('<style nonce="%NONCE%"></style><script>%BOOT%</script>', 'n1', {
    version: '1',
    cluster: 'c',
    user,
  });

  expect(page).not.toContain('</script><b>');
  const json = /<script>(.*)<\/script>/.exec(page)?.[1] ?? '';
  expect(JSON.parse(json)).toMatchObject({ user });
});

it.each([
  ['gzip, deflate, br', true],
  ['br;q=1.0', true],
  ['br;q=0', false],
  ['br;q=0.000', false],
  ['gzip', false],
  ['', false],
  ['brotli', false],
])('reads Accept-Encoding %j', (header, expected) => {
  expect(accepts(header, 'br')).toBe(expected);
});
