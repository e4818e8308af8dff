import { formatPath, maskUrl, nearest, shortValue } from './faults.ts';

it('writes paths as people do', () => {
  expect(formatPath(['services', 0, 'backup', 'components', 'my-data', 'paths', 1])).toBe(
    'services[0].backup.components.my-data.paths[1]',
  );
  expect(formatPath(['rules', 'for', 'a b'])).toBe('rules.for["a b"]');
});

it.each([
  ['http://user:pass@host:80/hook', 'http://***@host:80/hook'],
  ['https://h/services/T0A1B2C3D4E5F6G7H8/x?token=abc&y=1', 'https://h/services/***/x?token=***&y=***'],
  ['https://genesis-dr.example/runbooks', 'https://genesis-dr.example/runbooks'],
])('masks %s', (given, masked) => {
  expect(maskUrl(given)).toBe(masked);
});

it('shortens values to one line', () => {
  expect(shortValue('a\n b')).toBe('a b');
  expect(shortValue('x'.repeat(100))).toHaveLength(60);
  expect([shortValue(undefined), shortValue(null), shortValue([1])]).toEqual([null, 'null', '[1]']);
});

it.each([
  ['shedule', 'schedules'],
  ['rpo', 'rpo_sla'],
  ['warning', 'warn'],
  ['zebra', null],
])('takes %s for %p', (word, meant) => {
  expect(nearest(word, ['schedules', 'rpo_sla', 'rto_sla', 'warn', 'paths'])).toBe(meant);
});
