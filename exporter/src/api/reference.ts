import { actions, type Action, type ActionId } from '../contract/actions.ts';
import { errorCatalogue, type ErrorCode } from '../contract/errors.ts';
import { roles } from '../contract/operation.ts';
import { consoleProxyBase, grafanaBase, grafanaRoutesOf } from '../contract/routes.ts';
import { systemRoutes, type SystemRoute } from './system-routes.ts';

function actionRow(id: ActionId): string {
  const action: Action = actions[id];
  const marks = roles.map((role) => (action.roles.includes(role) ? 'yes' : '-'));
  const note = action.adminWhen === undefined ? '' : ` Only admin when ${action.adminWhen}.`;
  return `| ${[`\`${action.method} /api/v1${action.path}\``, ...marks, `${action.summary}.${note}`].join(' | ')} |`;
}

function forwardedRows(id: ActionId): string[] {
  const action: Action = actions[id];
  const found = grafanaRoutesOf(action);
  const [first] = found;
  if (first === undefined) return [];
  const prefixes = found.filter(({ method }) => method === 'POST').map(({ prefix }) => prefix);
  const post = found.find(({ method }) => method === 'POST');
  const read = found.find(({ method }) => method === 'GET');
  const shown = [
    ...(read === undefined ? [] : [`\`GET read${read.path}\``]),
    ...(post === undefined
      ? []
      : [`\`POST ${prefixes.length === 2 ? '{operate,admin}' : prefixes.join('')}${post.path}\``]),
  ];
  return [`| \`${id}\` | ${shown.join(', ')} | \`${action.method} /api/v1${action.path}\` |`];
}

function systemRow(route: SystemRoute): string {
  return `| \`${route.method} ${route.path}\` | ${route.access} | ${route.roles?.join(', ') ?? 'any'} | ${route.summary}. |`;
}

function errorRow(code: ErrorCode): string {
  const { status, hint } = errorCatalogue[code];
  return `| \`${code}\` | ${status} | ${hint.replaceAll('|', '\\|')} |`;
}

/** docs/reference/api.md: the roles table, the other routes and the error codes, from the tables the server works with. Pure. */
export function apiReference(): string {
  const lines = [
    '# API reference',
    '',
    '<!-- Generated from exporter/src/contract/actions.ts, errors.ts and api/system-routes.ts; do not edit by hand. -->',
    '',
    'A running server shows every body and reply at `/api/docs`, and as OpenAPI 3.1 at `/api/v1/openapi.json`.',
    '',
    '## Who may do what',
    '',
    `| route | ${roles.join(' | ')} | what it does |`,
    `|---|${roles.map(() => '---|').join('')}---|`,
    ...(Object.keys(actions) as ActionId[]).map(actionRow),
    '',
    'Viewers do not see file names: the warnings of backups and the differences of drills are left out for them.',
    '',
    '## Behind Grafana and in the console',
    '',
    `Grafana's proxy knows one method a prefix, so every action has an address below \`${grafanaBase}/{read,operate,admin}\` as well: \`read\` takes GET, the others POST. The least of the prefix's role, the token's and the header \`X-Genesis-Role\` counts. The console's pages call the same below \`${consoleProxyBase}\` with their session. \`grafana.identity\` says whether \`X-Grafana-Id\` must prove the person.`,
    '',
    '| action | address behind the proxy | in the place of |',
    '|---|---|---|',
    ...(Object.keys(actions) as ActionId[]).flatMap(forwardedRows),
    '',
    'A POST that stands in for a GET takes the parameters of its query as the JSON body. A page at which nobody is sends `X-Genesis-Passive: 1`, so that its refreshing does not keep a session from idling out.',
    '',
    '## Other routes',
    '',
    '| route | access | roles | what it does |',
    '|---|---|---|---|',
    ...Object.values<SystemRoute>(systemRoutes).map(systemRow),
    '',
    '## Live data',
    '',
    '- `/ws/dashboard` is a WebSocket that sends what `GET /api/v1/dashboard/metrics` answers, with the same query: at once, then every `live.push_interval`. It asks for a token (`Authorization`) or a session, refuses pages of other sites, ends when the right to look ends (1008), and is bounded by `live.clients`. What a client sends is ignored.',
    '- The same actions stand under the addresses of the source documents, too: `/api/dashboard/metrics`, `/api/dashboard/metrics/{name}`, `/api/dashboard/alerts`.',
    '- Windows of one metric take the points of all its series together; `tags` chooses among them. Counters are shown as rates a second. `null` is not known, never 0.',
    '',
    '## How to call it',
    '',
    '- `Authorization: Bearer <token>`; browsers use a session cookie that only a login link (`genesis login`) gives.',
    '- Writes are JSON and say so (`Content-Type: application/json`); bodies are 1 MiB and headers 16 KiB at most.',
    '- Actions answer `202` with the operation and its address in `Location`. `dryRun: true` answers `200` with the plan; its `etag`, sent back as `planEtag`, makes sure that the plan still holds.',
    '- `Idempotency-Key` (1-200 printable ASCII characters) makes a repeat the same operation.',
    '- Lists answer `{items, next}`; `next` is the `cursor` of the following page, which the header `Link` (rel="next") names, too.',
    '- `Host` must be a name of this machine, the address listened on, or one of `api.hosts`.',
    '- The path of a request holds no percent sign, backslash, double slash or dot segment; the query may be encoded as usual.',
    '',
    '## Errors',
    '',
    'Every error is a problem document (RFC 9457, `application/problem+json`) with `type` `urn:genesis:error:<code>`, `status`, `detail`, `code`, `hint`, `instance`, and where it helps `faults` (`path`, `message`) or `details`.',
    '',
    '| code | status | hint |',
    '|---|---|---|',
    ...(Object.keys(errorCatalogue) as ErrorCode[]).map(errorRow),
    '',
  ];
  return lines.join('\n');
}
