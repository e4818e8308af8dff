import { everyCaseOf } from './support/cases.ts';

// All cases of scaling-clock.e2e.ts, of which CI runs one a class.
await everyCaseOf(() => import('./scaling-clock.e2e.ts'));
