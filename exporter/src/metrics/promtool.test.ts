import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { serviceWith, snapshotWith, testNow } from '../contract/testing.ts';
import { metricsReference, namesFixedByTheDocuments } from './reference.ts';
import { createTestPage } from './testing.ts';

function promtoolFindings(page: string): string[] {
  const run = spawnSync('promtool', ['check', 'metrics'], { input: page, encoding: 'utf8' });
  if (run.error !== undefined)
    throw new Error('promtool is missing: install the Debian package prometheus', { cause: run.error });
  return run.stderr.split('\n').filter((line) => line !== '');
}

describe('promtool check metrics', () => {
  it('finds fault with nothing but the names that the source documents fixed', async () => {
    const page = createTestPage();
    page.counters.initialise([serviceWith({ encrypted: true, keyConfirmed: true })]);
    for (const kind of ['health_check_failure', 'failover'] as const) {
      page.counters.record({
        kind,
        service: 'files',
        at: '2026-11-22T10:00:00.000Z',
        labels: { result: 'success' },
        durationSeconds: 3,
      });
    }
    page.counters.countRequest({ method: 'GET', route: '/metrics', status: '200' }, 0.01);
    page.counters.countError('disk_full', 'backup');

    const findings = promtoolFindings(await page.text(snapshotWith(), testNow));

    expect([...new Set(findings.map((line) => line.split(' ')[0]))].sort()).toEqual(
      [...namesFixedByTheDocuments].sort(),
    );
  });

  it('is the command that notices a bad page', () => {
    expect(promtoolFindings('# HELP x_total t.\n# TYPE x_total gauge\nx_total 1\n')).not.toEqual([]);
  });
});

describe('docs/reference/metrics.md', () => {
  it('is printed from the catalogue as it stands', () => {
    const printed = readFileSync(new URL('../../../docs/reference/metrics.md', import.meta.url), 'utf8');

    expect(printed === metricsReference()).toBe(true);
    for (const name of namesFixedByTheDocuments) expect(printed).toContain(name);
  });
});
