/**
 * A page's state as its query string, so that a link shows another person the same thing. A page describes each
 * parameter once; unknown and malformed values fall back to the default, because a link may be old or typed by hand.
 */

export interface Param<T> {
  /** Null: the text stands for no value of this parameter. */
  readonly parse: (text: string) => T | null;
  readonly format: (value: T) => string;
  readonly initial: T;
}

export type Params = Readonly<Record<string, Param<never>>>;
export type StateOf<P> = { readonly [K in keyof P]: P[K] extends Param<infer T> ? T : never };

/** Longer texts are cut: the API refuses them anyway, and a URL has to stay one that can be sent. */
const maxTextLength = 200;

export function textParam(maxLength = maxTextLength): Param<string> {
  return { parse: (text) => text.slice(0, maxLength), format: (value) => value.slice(0, maxLength), initial: '' };
}

/** One of a list; the empty string means "any" unless the list has a default. */
export function choiceParam<const T extends string>(choices: readonly T[]): Param<T | ''>;
export function choiceParam<const T extends string>(choices: readonly T[], initial: NoInfer<T>): Param<T>;
export function choiceParam(choices: readonly string[], initial = ''): Param<string> {
  return { parse: (text) => (choices.includes(text) ? text : null), format: (value) => value, initial };
}

/** An instant as ISO text; the empty string means "not chosen". */
export function timeParam(): Param<string> {
  return {
    parse: (text) => (Number.isNaN(Date.parse(text)) ? null : new Date(text).toISOString()),
    format: (value) => value,
    initial: '',
  };
}

type AnyParams = Readonly<Record<string, Param<string>>>;

/** Reads the state from a query string; parameters of others are ignored. */
export function readState<P extends object>(params: P, search: string | URLSearchParams): StateOf<P> {
  const given = typeof search === 'string' ? new URLSearchParams(search) : search;
  const entries = Object.entries(params as unknown as AnyParams).map(([name, param]) => {
    const text = given.get(name);
    return [name, text === null ? param.initial : (param.parse(text) ?? param.initial)];
  });
  return Object.fromEntries(entries) as StateOf<P>;
}

/** What to give to `locationService.partial`: values that are the default are null and so leave the URL. */
export function writeState<P extends object>(params: P, change: Partial<StateOf<P>>): Record<string, string | null> {
  const known = params as unknown as AnyParams;
  const entries = Object.entries(change as Record<string, string>).flatMap(([name, value]) => {
    const param = known[name];
    return param === undefined ? [] : [[name, value === param.initial ? null : param.format(value)]];
  });
  return Object.fromEntries(entries) as Record<string, string | null>;
}

/** True when at least one of the named parameters differs from its default: an empty list is then the filter's doing. */
export function isFiltered<P extends object>(params: P, state: StateOf<P>, names: readonly (keyof P)[]): boolean {
  const known = params as unknown as AnyParams;
  return names.some((name) => (state as Record<keyof P, string>)[name] !== known[name as string]?.initial);
}
