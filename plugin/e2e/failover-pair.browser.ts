import type { Browser } from 'playwright-core';
import { startBrowser } from '../../exporter/e2e/support/browser.ts';
import { service, startPair, type Pair } from '../../exporter/e2e/support/failover-pair.ts';
import { stopServers } from '../../exporter/e2e/support/postgres.ts';
import { cleanUp, waitUntil } from '../../exporter/e2e/support/processes.ts';
import { failoverTestIds as ids } from '../src/pages/Failover/testIds.ts';
import { ensureBuilt } from './support/built.ts';
import { startConsole, type Console } from './support/console.ts';
import { flowOf, isRefused, reasonOf } from './support/flow.ts';
import { expectNoConsoleErrors } from './support/opened.ts';
import { walkOn } from './support/walk.ts';

/** A real pair behind a real HAProxy, moved there and back by an admin in the browser, while a client writes. */
describe('a pair in the browser', () => {
  let pair: Pair;
  let browser: Browser;
  let opened: Console;
  const flow = () => flowOf(opened.page);
  const step = walkOn(() => opened?.page);
  const show = async (): Promise<void> => {
    await opened.goto(`failover?service=${service}`);
    await opened.page.getByTestId(ids.answer).waitFor();
  };
  const confirm = async (): Promise<void> => {
    await flow().reason.fill('practice');
    await flow().confirm.fill(service);
  };

  beforeAll(async () => {
    await ensureBuilt(12);
    [pair, browser] = await Promise.all([startPair({ failover: { mode: 'observe' } }), startBrowser()]);
    opened = await startConsole({ genesis: pair.genesis, browser, path: 'failover' });
    await pair.settled('a');
  }, 300_000);
  afterAll(async () => {
    await browser?.close();
    await pair?.writer.stop();
    await stopServers();
    await cleanUp();
  }, 120_000);

  step('says that a failover would succeed, and to whom', async () => {
    await show();
    await opened.page.getByTestId(ids.answer).getByText('A failover now would succeed: to b').waitFor();
    await opened.page.getByTestId(ids.topology).getByText('leads writers to a').waitFor({ timeout: 30_000 });
  });

  step(
    'refuses viewers and operators, and names the permission',
    async () => {
      for (const role of ['viewer', 'operator'] as const) {
        const other = await startConsole({ genesis: pair.genesis, browser, role, path: `failover?service=${service}` });
        const button = other.page.getByTestId(ids.switchover);
        await button.waitFor();
        expect(await isRefused(button)).toBe(true);
        expect(await reasonOf(other.page, button)).toMatch(/admin/i);
        expectNoConsoleErrors(other);
        await other.close();
      }
    },
    120_000,
  );

  step(
    'hands over as planned, behind a typed confirmation, without losing a row',
    async () => {
      await show();
      await opened.page.getByTestId(ids.switchover).click();
      await flow().planned();
      expect(await flow().submit.isDisabled()).toBe(true);
      await confirm();

      expect(await flow().run()).toBe('succeeded');
      await flow().close();
      await opened.page.getByTestId(ids.topology).getByText('leads writers to b').waitFor({ timeout: 30_000 });
      expect(await pair.lost(pair.b)).toEqual([]);
      await pair.settled('b');
    },
    120_000,
  );

  step(
    'only says what it would do while it observes, and fails over when a person says so',
    async () => {
      await pair.b.kill();
      await show();
      await opened.page
        .getByTestId(ids.decision)
        .getByText(/would fail over/i)
        .first()
        .waitFor({ timeout: 60_000 });
      expect((await pair.facts()).primary).toBe('b');
      await opened.page.getByTestId(ids.start).click();
      await flow().planned();
      await confirm();

      expect(await flow().run()).toBe('succeeded');
      await flow().close();
      await waitUntil('the client writes again', async () =>
        pair.writer.acknowledged.some(({ at }) => at > Date.now() - 1000),
      );
      await pair.until('a serves', ({ primary }) => primary === 'a');
    },
    150_000,
  );

  step(
    'says why there is nobody left to take over, and brings the old primary back',
    async () => {
      await show();
      await opened.page.getByTestId(ids.answer).getByText('would NOT succeed').waitFor({ timeout: 30_000 });
      await opened.page.getByTestId(ids.switchover).click();
      await flow().blockers.waitFor();
      expect(await flow().submit.isDisabled()).toBe(true);
      await flow().dialog.getByRole('button', { name: 'Cancel' }).click();
      await opened.page.getByTestId(ids.rejoin('b')).first().click();
      await flow().planned();
      await confirm();

      expect(await flow().run()).toBe('succeeded');
      await flow().close();
      await pair.settled('a');
      await opened.page
        .getByTestId(ids.answer)
        .getByText('A failover now would succeed: to b')
        .waitFor({ timeout: 30_000 });
    },
    150_000,
  );

  step(
    'takes a plan back when what it rested on has changed',
    async () => {
      await show();
      await opened.page.getByTestId(ids.switchover).click();
      await flow().planned();
      await pair.act('switchover');
      await pair.settled('b');
      await confirm();
      await flow().submit.click();

      await flow().changed.waitFor({ timeout: 30_000 });
      expect((await pair.facts()).primary).toBe('b');
    },
    150_000,
  );
});
