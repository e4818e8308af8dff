import { isOwnScript } from './policies.ts';

const base = 'https://genesis.example:9847/a/genesis-dr-app/overview';

it.each([
  ['/console/assets/app-1/module.js', true],
  ['https://genesis.example:9847/console/assets/x.js?_cache=1', true],
  ['/public/plugins/genesis-dr-app/module.js', true],
  ['/console/assets/../../api/v1/audit/export', false],
  ['/api/v1/openapi.json', false],
  ['https://genesis.example/console/assets/x.js', false],
  ['//evil.example/console/assets/x.js', false],
  ['data:text/javascript,alert(1)', false],
  ['blob:https://genesis.example:9847/1', false],
])('a script from %s: %s', (url, expected) => {
  expect(isOwnScript(url, base, ['/console/assets/', '/public/plugins/'])).toBe(expected);
});
