import type { Page } from 'playwright-core';

export interface Asked {
  readonly status: number;
  readonly text: string;
}

/** Asks below /api/plugin-proxy/genesis-dr-app/ from inside the page, with its session, as the app does. */
export function ask(page: Page, method: 'GET' | 'POST', path: string, body: object = {}): Promise<Asked> {
  return page.evaluate<Asked, readonly [string, string, string]>(
    async ([verb, address, text]) => {
      const answer = await fetch(`/api/plugin-proxy/genesis-dr-app/${address}`, {
        method: verb,
        ...(verb === 'GET' ? {} : { body: text, headers: { 'content-type': 'application/json' } }),
      });
      return { status: answer.status, text: await answer.text() };
    },
    [method, path, JSON.stringify(body)],
  );
}
