import type { Observed } from '../contract/observed.ts';
import { formatSeconds } from './format.ts';
import { html, type Html } from './html.ts';

/** Small pieces that the parts of the status page share. */

export type Tone = 'good' | 'warn' | 'bad' | 'dim';

export function badge(tone: Tone, text: string): Html {
  return html`<span class="badge ${tone}">${text}</span>`;
}

export function soft(...parts: readonly (string | Html | null)[]): Html {
  return html`<span class="soft small">${parts}</span>`;
}

/** How long ago or until, with the absolute time as its title. */
export function moment(at: string, now: Date): Html {
  const seconds = Math.round((now.getTime() - new Date(at).getTime()) / 1000);
  const span = (whole: number): string => (whole < 10 ? `${whole} s` : formatSeconds(whole));
  const words = seconds >= 0 ? `${span(seconds)} ago` : `in ${span(-seconds)}`;
  return html`<time datetime="${at}" title="${at}">${words}</time>`;
}

/** What is known, or that it is not known and why. */
export function shown<T>(observed: Observed<T>, show: (value: T) => Html): Html {
  return observed.known ? show(observed.value) : html`${badge('dim', 'unknown')} ${soft(observed.error.message)}`;
}

export function fact(name: string, value: Html): Html {
  return html`<div>
    <dt>${name}</dt>
    <dd>${value}</dd>
  </div>`;
}

export function plural(count: number, one: string): string {
  return `${count} ${one}${count === 1 ? '' : 's'}`;
}
