import * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';
import type { Link } from './links.ts';
import type { Step, Words } from './panel.ts';

// Parts of a field's configuration, for panels and for columns of tables.

export function steps(of: readonly Step[] = [{ from: null, color: 'text' }]): dashboard.Threshold[] {
  return of.map(({ from, color }) => ({ value: from, color }));
}

/** Yellow letters cannot be read on white: what is written in its colour warns in a dark orange. */
export function readable(of: readonly Step[] | undefined): readonly Step[] | undefined {
  return of?.map((step) => (step.color === 'yellow' ? { ...step, color: 'dark-orange' } : step));
}

export function thresholds(of: readonly Step[] | undefined): dashboard.ThresholdsConfigBuilder {
  return new dashboard.ThresholdsConfigBuilder().mode(dashboard.ThresholdsMode.Absolute).steps(steps(of));
}

export function mappings(words: Words | undefined): dashboard.ValueMapping[] {
  if (words === undefined) return [];
  const options = Object.fromEntries(
    Object.entries(words).map(([value, { text, color }], index) => [value, { text, color, index }]),
  );
  return [{ type: dashboard.MappingType.ValueToText, options }];
}

export function fieldLinks(links: readonly Link[]): dashboard.DashboardLinkBuilder[] {
  return links.map(({ title, url }) => new dashboard.DashboardLinkBuilder(title).url(url));
}

/** A value that is not there is no bad value: it has the colour of text, where thresholds would give it that of the lowest. */
export function missing(text: string): dashboard.ValueMapping {
  return {
    type: dashboard.MappingType.SpecialValue,
    options: { match: dashboard.SpecialValueMatch.NullAndNan, result: { text, color: 'text', index: 99 } },
  };
}

/** The same as plain values, for overrides. */
export function fieldLinkValues(links: readonly Link[]): { readonly title: string; readonly url: string }[] {
  return links.map(({ title, url }) => ({ title, url }));
}
