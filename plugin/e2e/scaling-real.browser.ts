import type { Browser } from 'playwright-core';
import { startBrowser } from '../../exporter/e2e/support/browser.ts';
import { cleanUp, waitUntil } from '../../exporter/e2e/support/processes.ts';
import { service, startScaledBench, type ScaledBench } from '../../exporter/e2e/support/scaled.ts';
import { scalingTestIds as ids } from '../src/pages/Scaling/testIds.ts';
import { ensureBuilt } from './support/built.ts';
import { startConsole, type Console } from './support/console.ts';
import { flowOf } from './support/flow.ts';
import { expectNoConsoleErrors } from './support/opened.ts';
import { walkOn } from './support/walk.ts';

/** Real workers behind a real HAProxy, followed and set from the page while clients ask all the time. */
describe('workers in the browser', () => {
  let bench: ScaledBench;
  let browser: Browser;
  let opened: Console;
  const asked = { answered: 0, failed: 0 };
  const stop = new AbortController();
  const step = walkOn(() => opened?.page);
  const page = () => opened.page;
  const show = (query = ''): Promise<unknown> => opened.goto(`scaling?service=${service}${query}`);
  const ready = (count: number) =>
    page()
      .getByTestId(ids.count)
      .getByText(new RegExp(`${count}\\s*ready`))
      .waitFor({ timeout: 40_000 });

  /** Its button is another one by then: the dialog stays until somebody has read it. */
  async function submit(): Promise<void> {
    const { submit: button, result, close } = flowOf(page());
    await button.click();
    await result.waitFor();
    await close();
  }

  async function ask(): Promise<void> {
    while (!stop.signal.aborted) {
      const answered = await fetch(bench.url).then(
        ({ ok }) => ok,
        () => false,
      );
      asked[answered ? 'answered' : 'failed'] += 1;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  beforeAll(async () => {
    await ensureBuilt(12);
    const scaling = {
      mode: 'auto',
      min: 1,
      max: 4,
      desired: 1,
      interval: '1s',
      evaluation_periods: 2,
      cooldown: { up: '1s', down: '2s' },
      warm_up: '1s',
      metrics: [{ name: 'steered', kind: 'query', query: 'steered', scales: 'total', target: 70, up: 85, down: 50 }],
    };
    [bench, browser] = await Promise.all([startScaledBench(scaling), startBrowser()]);
    bench.steer('steered 60');
    opened = await startConsole({ genesis: bench.genesis, browser, role: 'operator', path: 'scaling' });
    await waitUntil('the first worker serves', async () => (await fetch(bench.url)).ok, { deadlineMs: 60_000 });
    void ask();
  }, 300_000);
  afterAll(async () => {
    stop.abort();
    await browser?.close();
    await bench?.stop();
    await cleanUp();
  }, 120_000);

  step('follows a step of the load, and says why', async () => {
    await show();
    await ready(1);
    bench.steer('steered 200');
    await ready(3);
    bench.steer('steered 190');
    await page().getByTestId(ids.votes).getByText('steered').first().waitFor();
  });

  step('is paused and set by hand behind a plan and a typed name', async () => {
    await page().getByTestId(ids.pause).click();
    const flow = flowOf(page());
    await flow.reason.focus();
    // The page hears of an evaluation every second and reads anew; a slow hand must lose nothing by it.
    await page().keyboard.type('practice, letter by letter', { delay: 200 });
    expect(await flow.reason.inputValue()).toBe('practice, letter by letter');
    await submit();
    await page().getByTestId(ids.resume).waitFor({ timeout: 20_000 });
    await page().getByTestId(ids.down).click();
    await flow.planned();
    expect(await flow.submit.isDisabled()).toBe(true);
    await flow.confirm.fill(service);

    expect(await flow.run()).toBe('succeeded');
    await flow.close();
    await ready(2);
  });

  step('goes back with the load, without a request lost, and shows it in the history', async () => {
    await page().getByTestId(ids.resume).click();
    await submit();
    await page().getByTestId(ids.pause).waitFor({ timeout: 20_000 });
    bench.steer('steered 10');
    await ready(1);
    await show('&tab=history');
    await page().getByTestId(ids.history).getByText(/3/).first().waitFor();

    expect(asked.answered).toBeGreaterThan(50);
    expect(asked.failed).toBe(0);
    expectNoConsoleErrors(opened);
  });
});
