import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';

export interface Finding {
  readonly rule: string;
  readonly impact: string;
  readonly help: string;
  /** Selector and the beginning of the element. */
  readonly where: string;
}

interface AxeResult {
  readonly violations: readonly {
    readonly id: string;
    readonly impact: string | null;
    readonly help: string;
    readonly nodes: readonly { readonly target: readonly unknown[]; readonly html: string }[];
  }[];
}

const source = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Serious and critical findings of axe-core on the page as it stands, WCAG 2.1 A and AA. */
export async function seriousFindings(page: Page): Promise<Finding[]> {
  await page.evaluate(`${source};0`);
  const { violations } = await page.evaluate<AxeResult>(
    "axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'], resultTypes: ['violations'] })",
  );
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, impact, help, nodes }) =>
      nodes.map(({ target, html }) => ({
        rule: id,
        impact: impact ?? '',
        help,
        where: `${target.join(' ')} | ${html.slice(0, 160)}`,
      })),
    );
}
