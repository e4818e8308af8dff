import { readAlerts } from './active-alerts.ts';

const held = (labels: Readonly<Record<string, string>>, change: Readonly<Record<string, unknown>> = {}) => ({
  fingerprint: labels['alertname'],
  labels: { system: 'genesis-dr', severity: 'warning', cluster: 'eu', ...labels },
  annotations: { summary: 'it is so', runbook_url: 'https://runbooks.example/x', plugin_url: 'javascript:alert(1)' },
  startsAt: '2026-11-22T03:00:00.000+01:00',
  updatedAt: '2026-11-22T02:00:00.000Z',
  endsAt: '2026-11-22T02:05:00.000Z',
  status: { state: 'active', silencedBy: [], inhibitedBy: [] },
  receivers: [],
  ...change,
});
const read = (...alerts: object[]) => readAlerts(200, JSON.stringify(alerts), 'eu');

it('tells what is held, with links that are links and times in UTC', () => {
  expect(read(held({ alertname: 'BackupTooOld', service: 'shop' }))).toEqual({
    known: true,
    value: [
      {
        fingerprint: 'BackupTooOld',
        name: 'BackupTooOld',
        severity: 'warning',
        service: 'shop',
        component: null,
        state: 'active',
        silenced: false,
        inhibited: false,
        summary: 'it is so',
        description: null,
        startsAt: '2026-11-22T02:00:00.000Z',
        updatedAt: '2026-11-22T02:00:00.000Z',
        links: { runbook: 'https://runbooks.example/x', dashboard: null, page: null },
      },
    ],
  });
});

it('puts critical ones first, then the oldest, and leaves out the heartbeat and other clusters', () => {
  const alerts = read(
    held({ alertname: 'Late' }, { startsAt: '2026-11-22T04:00:00Z' }),
    held({ alertname: 'Early' }),
    held({ alertname: 'GenesisDRWatchdog', severity: 'none' }),
    held({ alertname: 'Elsewhere', cluster: 'us' }),
    held({ alertname: 'Worst', severity: 'critical' }, { startsAt: '2026-11-22T05:00:00Z' }),
  );

  expect(alerts.known && alerts.value.map(({ name }) => name)).toEqual(['Worst', 'Early', 'Late']);
});

it('says what nobody is told of', () => {
  const status = { state: 'suppressed', silencedBy: ['s1'], inhibitedBy: [] };

  expect(read(held({ alertname: 'A' }, { status }))).toMatchObject({
    value: [{ state: 'suppressed', silenced: true, inhibited: false }],
  });
});

it('does not know where the answer is another one', () => {
  expect(readAlerts(503, '', 'eu')).toMatchObject({ known: false, reason: 'refused' });
  expect(readAlerts(200, '<html>', 'eu')).toMatchObject({ known: false, reason: 'malformed' });
  expect(readAlerts(200, '{"data":[]}', 'eu')).toMatchObject({ known: false, reason: 'malformed' });
  expect(readAlerts(200, '[]', 'eu')).toEqual({ known: true, value: [] });
});
