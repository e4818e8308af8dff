import { everyCaseOf } from './support/cases.ts';

// All cases of scaling-provider.e2e.ts, of which CI runs one a class.
await everyCaseOf(() => import('./scaling-provider.e2e.ts'));
