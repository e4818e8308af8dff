import { isPanelOfOurs, serviceOfAlert, serviceOfPanel } from './extension-service.ts';

it('leads from an alert of ours to its service', () => {
  const labels = { alertname: 'BackupTooOld', service: 'orders' };

  expect(serviceOfAlert({ instance: { labels } })).toBe('orders');
  expect(serviceOfAlert({ instance: { labels: { alertname: 'Down' } } })).toBeNull();
  expect(serviceOfAlert(undefined)).toBeNull();
});

it('knows panels of ours by what they ask for', () => {
  expect(isPanelOfOurs({ targets: [{ expr: 'genesis_rpo_seconds{service="$service"}' }] })).toBe(true);
  expect(isPanelOfOurs({ targets: [{ expr: 'node_load1' }] })).toBe(false);
  expect(isPanelOfOurs(undefined)).toBe(false);
});

it('leads from a panel to the one service that is chosen', () => {
  const repeated = (value: unknown) => ({ scopedVars: { service: { value } } });

  expect(serviceOfPanel(repeated('orders'), '')).toBe('orders');
  expect(serviceOfPanel({}, '?var-service=orders&from=now-1h')).toBe('orders');
  expect(serviceOfPanel({}, '?var-service=orders&var-service=shop')).toBeNull();
  expect(serviceOfPanel({}, '?var-service=$__all')).toBeNull();
  expect(serviceOfPanel({}, '')).toBeNull();
});
