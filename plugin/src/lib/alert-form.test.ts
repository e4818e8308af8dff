import {
  alertChange,
  alertRequest,
  conditionText,
  draftOf,
  emptyAlert,
  matchingAlerts,
  type LiveAlert,
} from './alert-form.ts';

function alertOf(change: Partial<LiveAlert>): LiveAlert {
  return {
    id: 'a1',
    metric: 'genesis_rpo_seconds',
    condition: '> 60',
    operator: '>',
    threshold: 60,
    tags: {},
    severity: 'warning',
    message: '',
    state: 'inactive',
    active: false,
    why: '',
    value: null,
    series: null,
    flapping: false,
    triggered_at: null,
    resolved_at: null,
    evaluated_at: null,
    created_at: '2026-11-22T02:00:00.000Z',
    created_by: 'ada',
    ...change,
  };
}

describe('the form of an alert', () => {
  it('becomes the request, with the labels as pairs', () => {
    const draft = {
      ...emptyAlert,
      metric: 'genesis_rpo_seconds',
      threshold: ' 3600 ',
      tags: 'service=shop, type = full',
    };

    expect(alertRequest(draft)).toEqual({
      body: {
        metric: 'genesis_rpo_seconds',
        condition: '>',
        threshold: 3600,
        severity: 'warning',
        message: '',
        tags: { service: 'shop', type: 'full' },
      },
    });
  });

  it.each([
    ['metric', { metric: 'RPO now' }],
    ['threshold', { threshold: '' }],
    ['threshold', { threshold: 'much' }],
    ['message', { message: 'x'.repeat(201) }],
    ['message', { message: 'a\u0007b' }],
    ['tags', { tags: 'shop' }],
    ['tags', { tags: Array.from({ length: 9 }, (_, index) => `l${index}=x`).join() }],
  ] as const)('names the field %s where it breaks a bound', (fault, change) => {
    const draft = { ...emptyAlert, metric: 'genesis_rpo_seconds', threshold: '1', ...change };

    expect(alertRequest(draft)).toEqual({ body: null, faults: [fault] });
  });

  it('shows an alert as it was typed', () => {
    const alert = alertOf({ tags: { service: 'shop' }, threshold: 0.5 });

    expect(alertRequest(draftOf(alert))).toMatchObject({ body: { threshold: 0.5, tags: { service: 'shop' } } });
  });

  it('sends only what was changed', () => {
    const alert = alertOf({ tags: { service: 'shop' }, threshold: 0.5 });
    const { body } = alertRequest({ ...draftOf(alert), severity: 'critical', tags: 'service = shop' });

    expect(body === null ? null : alertChange(alert, body)).toEqual({ severity: 'critical' });
  });

  it.each([
    ['genesis_rpo_seconds', 3600, '> 1 h'],
    ['genesis_backup_size_bytes', 2 ** 30, '> 1 GiB'],
    ['genesis_dr_readiness_score', 0.5, '> 0.5'],
    ['genesis_system_network_receive_bytes_total', 1024, '> 1 KiB/s'],
    ['genesis_backup_last_success_timestamp_seconds', 5, '> 5'],
  ])('compares %s with %d as %s', (metric, threshold, text) => {
    expect(conditionText(alertOf({ metric, threshold }))).toBe(text);
  });

  it('lists what needs somebody first, and never counts unknown as quiet', () => {
    const alerts = [
      alertOf({ id: 'quiet' }),
      alertOf({ id: 'unknown', state: 'unknown' }),
      alertOf({ id: 'warning', state: 'active' }),
      alertOf({ id: 'critical', state: 'active', severity: 'critical' }),
    ];

    expect(matchingAlerts(alerts, { state: '', q: '' }).map(({ id }) => id)).toEqual([
      'critical',
      'warning',
      'unknown',
      'quiet',
    ]);
    expect(matchingAlerts(alerts, { state: 'unknown', q: 'RPO' }).map(({ id }) => id)).toEqual(['unknown']);
  });
});
