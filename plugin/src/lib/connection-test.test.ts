import { apiUrlFault, findingsOf, normalApiUrl, type Attempt, type MeAnswer } from './connection-test.ts';

const me = (change: Partial<MeAnswer> = {}): Attempt => ({
  ok: true,
  me: {
    name: 'Ada',
    role: 'operator',
    version: '0.1.0',
    identity: { mode: 'off', verified: null, problem: null },
    ...change,
  },
});
const failed = (code: string): Attempt => ({ ok: false, code, message: 'said so', hint: 'do so' });

it('says that a way works, as whom', () => {
  expect(findingsOf('operate', me(), '0.1.3', 'http://x')).toEqual([
    { tone: 'good', message: 'works as operator; the audit log names you Ada', hint: null },
  ]);
});

it('names a token of too low a role', () => {
  expect(findingsOf('admin', me(), '0.1.0', 'http://x')).toMatchObject([
    { tone: 'bad', message: 'the admin token has the role operator; admin needs admin' },
  ]);
});

it('names another version and an unverified person, both', () => {
  const problem = { message: 'the signature has expired', hint: 'reload' };
  const found = findingsOf(
    'operate',
    me({ version: '0.3.0', identity: { mode: 'warn', verified: false, problem } }),
    '0.1.0',
    'http://x',
  );

  expect(found.map(({ message }) => message)).toEqual([
    'the exporter is version 0.3.0, the plugin 0.1.0',
    'your name is not verified: the signature has expired',
  ]);
});

it.each([
  ['unauthenticated', 'http://x', /does not know the read token/],
  ['exporter_unreachable', 'http://x', /does not reach the exporter$/],
  ['exporter_unreachable', 'https://x', /does not trust its certificate/],
  ['permission_missing', 'http://x', /your own role/],
  ['plugin_not_set_up', 'http://x', /said so/],
])('tells %s at %s apart', (code, url, message) => {
  expect(findingsOf('read', failed(code), '0.1.0', url)[0]?.message).toMatch(message);
});

it.each(['exporter', 'ftp://x', 'http://a:b@x', 'http://x/path', 'http://x/?token=1'])(
  'refuses the address %s',
  (text) => {
    expect(apiUrlFault(text)).not.toBeNull();
  },
);

it('takes an address with a slash at its end', () => {
  expect(apiUrlFault('https://x.example:9847/')).toBeNull();
  expect(normalApiUrl('https://x.example:9847/')).toBe('https://x.example:9847');
});
