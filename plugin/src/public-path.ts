// Must be imported first: chunks are fetched from where module.js itself came from, also under a sub path or a CDN.
// `__webpack_public_path__` is a variable that webpack reads, not a global of the browser.
import { uri } from 'amd-module';

declare let __webpack_public_path__: string;

if (typeof uri === 'string') __webpack_public_path__ = uri.slice(0, uri.lastIndexOf('/') + 1);
