import { createBench } from './testing.ts';
import type { Bench } from './testing.ts';

let bench: Bench;
beforeEach(() => {
  bench = createBench();
});
afterEach(() => bench.remove());

const smtp = 'from: g@x.org, smarthost: "mail:25"';

describe('what cannot work in alertmanager is a fault', () => {
  it.each([
    ['e-mail without a sender', 'email: { to: [a@x.org], smarthost: "mail:25" }', 'email.from', 'email.to'],
    ['an escalation without a server', 'escalation: { email_to: [a@x.org] }', 'email.from', 'escalation.email_to'],
    ['a name without a password', `email: { ${smtp}, auth_username: u }`, 'email.auth_username', 'auth_password_file'],
    ['a password without a name', `email: { ${smtp}, auth_password_file: /p }`, 'email.auth_password_file', 'both'],
    ['an address file before 0.28', "version: '0.27', webhook_url_file: /u", 'webhook_url_file', '0.27'],
    [
      'address and file',
      "version: '0.30', deadman: { url: 'https://h/', url_file: /u }",
      'deadman.url_file',
      'deadman.url as well',
    ],
    ['an unknown zone', 'quiet_hours: { time_zone: Mars/Olympus }', 'quiet_hours.time_zone', 'Mars/Olympus'],
    [
      'an empty period',
      "quiet_hours: { periods: [{ from: '08:00', to: '08:00' }] }",
      'quiet_hours.periods[0].from',
      'whole day',
    ],
    [
      'a period after the day',
      "quiet_hours: { periods: [{ from: '24:00', to: '08:00' }] }",
      'quiet_hours.periods[0].from',
      'end of the day',
    ],
    ['a version without quotes', 'version: 0.25', 'version', 'a text'],
    ['an old version', "version: '0.24'", 'version', '0.25'],
    [
      'a secret instead of a path',
      'slack: { api_url_file: "https://hooks.slack.com/x" }',
      'slack.api_url_file',
      'path',
    ],
    ['an unknown receiver', 'escalation: { receiver: dr_deadman }', 'escalation.receiver', 'one of'],
    ['credentials', 'deadman: { url: "https://u:p@h/" }', 'deadman.url', 'user or password'],
    ['credentials', 'url: "http://u:p@h:9093"', 'url', 'user or password'],
  ])('%s', (_name, yaml, path, text) => {
    const [first] = bench.faults(`alertmanager: { ${yaml} }`);

    expect(first?.path).toBe(`alertmanager.${path}`);
    expect(`${first?.message} ${first?.mend}`).toContain(text);
  });

  it('names sender and server at once', () => {
    expect(bench.faults('alertmanager: { email: { to: [a@x.org] } }').map(({ path }) => path)).toEqual([
      'alertmanager.email.from',
      'alertmanager.email.smarthost',
    ]);
  });
});

describe('secret files of Alertmanager', () => {
  const warnings = (file: string, key = 'slack: { api_url_file: FILE }') =>
    bench.good(`alertmanager: { ${key.replace('FILE', file)} }`).warnings;

  it('may belong to another machine: an absent one is only a warning', () => {
    expect(warnings('/nonexistent/slack')).toMatchObject([
      { path: 'alertmanager.slack.api_url_file', message: expect.stringContaining('does not exist here') },
    ]);
  });

  it('must not be open to everybody, nor empty; their group may read', () => {
    expect(warnings(bench.write('open', 'x', 0o644))[0]?.mend).toMatch(/^chmod o-rwx /);
    expect(warnings(bench.write('empty', ''))[0]?.message).toContain('empty');
    expect(warnings(bench.folder)[0]?.message).toContain('not a file');
    expect(warnings(bench.write('group', 'x', 0o640))).toEqual([]);
  });

  it('that hold a mail password must not end a line before 0.27', () => {
    const key = `email: { ${smtp}, auth_username: u, auth_password_file: FILE }`;

    expect(warnings(bench.write('ended', 'secret\n'), key)[0]?.message).toContain('part of the password');
    expect(warnings(bench.write('plain', 'secret'), key)).toEqual([]);
    expect(warnings(bench.write('later', 'secret\n'), `version: '0.27', ${key}`)).toEqual([]);
  });

  it('are never shown', () => {
    const shown = JSON.stringify(warnings(bench.write('open', 'the-secret-itself', 0o644)));

    expect(shown).not.toContain('the-secret-itself');
  });
});

it('warns of an escalation that reaches nobody', () => {
  const { warnings } = bench.good('alertmanager: { escalation: { receiver: dr_critical } }');

  expect(warnings).toMatchObject([
    { path: 'alertmanager.escalation.receiver', message: expect.stringContaining('reach nobody') },
  ]);
});
