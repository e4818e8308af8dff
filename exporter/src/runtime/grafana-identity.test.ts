import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWTPayload } from 'jose';
import { Config } from '../config/schema.ts';
import { createPersonProver, type ProvePerson } from './grafana-identity.ts';
import { settableClock } from './testing.ts';

const nowText = '2026-11-22T02:00:00.000Z';
const now = Date.parse(nowText) / 1000;

/** Grafana's endpoint of signing keys, on a free port. */
async function keyServer() {
  const state = {
    keys: [] as object[] | null,
    status: 200,
    asked: 0,
    location: null as string | null,
  };
  const server = http.createServer((request, response) => {
    state.asked += 1;
    if (state.location !== null) response.setHeader('Location', state.location);
    response.statusCode = request.url === '/api/signing-keys/keys' ? state.status : 404;
    response.end(JSON.stringify({ keys: state.keys }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return { state, url, close };
}

interface Signer {
  readonly jwk: object;
  readonly key: CryptoKey;
  readonly kid: string;
}

async function signer(kid: string): Promise<Signer> {
  const { publicKey, privateKey } = await generateKeyPair('ES256');
  return { jwk: { ...(await exportJWK(publicKey)), kid, alg: 'ES256', use: 'sig' }, key: privateKey, kid };
}

const claims = (change: JWTPayload = {}): JWTPayload => ({
  iss: 'http://grafana.example/',
  aud: ['org:1'],
  sub: 'user:7',
  iat: now,
  exp: now + 600,
  type: 'user',
  username: 'ada',
  name: 'Ada Lovelace',
  ...change,
});

function sign(by: Signer, change: JWTPayload = {}, header: Readonly<Record<string, string>> = {}): Promise<string> {
  return new SignJWT(claims(change)).setProtectedHeader({ alg: 'ES256', kid: by.kid, ...header }).sign(by.key);
}

describe('proving a person by X-Grafana-Id', () => {
  let grafana: Awaited<ReturnType<typeof keyServer>>;
  let november: Signer;
  let clock: ReturnType<typeof settableClock>;
  let prove: ProvePerson;
  beforeEach(async () => {
    grafana = await keyServer();
    november = await signer('id-2026-11-es256');
    grafana.state.keys = [november.jwk];
    clock = settableClock(nowText);
    const { grafana: settings } = Config.parse({
      grafana: { url: grafana.url, root_url: 'http://grafana.example', identity: 'require' },
    });
    prove = createPersonProver(
      () => settings,
      (url, init) => fetch(url, init),
      clock,
    );
  });
  afterEach(() => grafana.close());

  const why = async (token: string): Promise<string> => {
    const proven = await prove(token);
    if (proven.ok) throw new Error(`${proven.value.name} was believed`);
    expect(proven.error.code).toBe('identity_invalid');
    return proven.error.message;
  };

  it('names the person whom Grafana signed for', async () => {
    expect(await prove(await sign(november))).toEqual({
      ok: true,
      value: { name: 'Ada Lovelace (ada)', subject: 'user:7' },
    });
  });

  it('takes the login where there is no name, and lets no name pretend to be another', async () => {
    const unnamed = await prove(await sign(november, { name: '' }));
    const cunning = await prove(await sign(november, { name: 'Bob (bob)\u202e\n', username: 'eve' }));

    expect(unnamed.ok && unnamed.value.name).toBe('ada (ada)');
    expect(cunning.ok && cunning.value.name).toBe('Bob [bob] (eve)');
  });

  it.each([
    ['expired', { exp: now - 60 }, 'it has expired'],
    ['without an expiry', { exp: undefined }, 'its exp is not the expected one'],
    ['of another Grafana', { iss: 'http://evil.example/' }, 'its iss is not the expected one'],
    ['for another organisation', { aud: ['org:2'] }, 'its aud is not the expected one'],
    ['of a service account', { type: 'service-account', sub: 'service-account:3' }, 'of the type service-account'],
    ['of an anonymous visitor', { type: 'anonymous', sub: 'anonymous:0' }, 'of the type anonymous'],
    ['that names nobody', { sub: 'user:' }, 'names nobody'],
  ])('refuses one %s', async (_what, change, reason) => {
    expect(await why(await sign(november, change as JWTPayload))).toContain(reason);
  });

  it('refuses one that was good once, when it is sent again after its time', async () => {
    const token = await sign(november);
    expect((await prove(token)).ok).toBe(true);

    clock.set('2026-11-22T02:10:31.000Z');

    expect(await why(token)).toContain('expired');
  });

  it('refuses other algorithms before any key is asked for', async () => {
    const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    const unsigned = `${part({ alg: 'none', kid: november.kid })}.${part(claims())}.`;
    const symmetric = await new SignJWT(claims())
      .setProtectedHeader({ alg: 'HS256', kid: november.kid })
      .sign(new TextEncoder().encode(JSON.stringify(november.jwk)));

    expect(await why(unsigned)).toContain('algorithm is none');
    expect(await why(symmetric)).toContain('algorithm is HS256');
    expect(await why('not a token')).toContain('cannot be read');
    expect(grafana.state.asked).toBe(0);
  });

  it('refuses a key of its own making under a published name, and a changed text', async () => {
    const forger = { ...(await signer('x')), kid: november.kid };
    const [head = '', , signature = ''] = (await sign(november)).split('.');
    const changed = Buffer.from(JSON.stringify(claims({ username: 'root' }))).toString('base64url');

    expect(await why(await sign(forger))).toContain('signature is wrong');
    expect(await why(`${head}.${changed}.${signature}`)).toContain('signature is wrong');
  });

  it('reads the keys once an hour, and for a new one again, but at most once a minute', async () => {
    const december = await signer('id-2026-12-es256');
    await prove(await sign(november));
    expect(await why(await sign(december))).toContain('does not publish');
    expect(grafana.state.asked).toBe(1);

    grafana.state.keys = [november.jwk, december.jwk];
    clock.set('2026-11-22T02:01:01.000Z');
    expect((await prove(await sign(december))).ok).toBe(true);
    expect(grafana.state.asked).toBe(2);

    for (let i = 0; i < 5; i += 1) await prove(await sign(await signer(`unknown-${i}`)));
    expect(grafana.state.asked).toBe(2);
  });

  it('shares one question among those that come at the same time', async () => {
    const token = await sign(november);

    await Promise.all([prove(token), prove(token), prove(token)]);

    expect(grafana.state.asked).toBe(1);
  });

  it('says when the keys cannot be had: nobody there, another answer, a redirect, none published', async () => {
    const token = await sign(november);
    const later = (seconds: number): void => clock.set(new Date((now + seconds) * 1000).toISOString());
    grafana.state.status = 500;
    expect(await why(token)).toContain('answered 500');
    [grafana.state.status, grafana.state.location] = [302, 'http://evil.example/'];
    later(10);
    expect(await why(token)).toContain('redirects are not followed');
    [grafana.state.status, grafana.state.location, grafana.state.keys] = [200, null, null];
    later(20);
    expect(await why(token)).toContain('Grafana Cloud');
    await grafana.close();
    later(30);
    expect(await why(token)).toMatch(/cannot be read: .*(ECONNREFUSED|closed)/);
  });

  it('asks a Grafana that does not answer again after five seconds, not with every request', async () => {
    grafana.state.status = 503;
    const token = await sign(november);
    await why(token);
    await why(token);
    expect(grafana.state.asked).toBe(1);

    clock.set('2026-11-22T02:00:06.000Z');
    grafana.state.status = 200;

    expect((await prove(token)).ok).toBe(true);
  });
});
