import { everyCaseOf } from './support/cases.ts';

// All cases of disaster.e2e.ts, of which CI runs one a class.
await everyCaseOf(() => import('./disaster.e2e.ts'));
