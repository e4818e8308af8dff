import { serviceOfAlert, serviceOfPanel } from './extensions.ts';

it('leads from an alert of ours to its service', () => {
  const labels = { alertname: 'BackupTooOld', service: 'orders' };

  expect(serviceOfAlert({ instance: { labels } })).toBe('orders');
  expect(serviceOfAlert({ instance: { labels: { alertname: 'Down' } } })).toBeNull();
  expect(serviceOfAlert(undefined)).toBeNull();
});

it('leads from a panel about one service of ours, and from no other', () => {
  const panel = (service: unknown, expr = 'genesis_rpo_seconds{service="$service"}') => ({
    targets: [{ expr }],
    scopedVars: { service: { value: service } },
  });

  expect(serviceOfPanel(panel('orders'))).toBe('orders');
  expect(serviceOfPanel(panel(['orders', 'shop']))).toBeNull();
  expect(serviceOfPanel(panel('$__all'))).toBeNull();
  expect(serviceOfPanel(panel('orders', 'node_load1'))).toBeNull();
});
