/** The few static files of the pages; text in the program, so that a packed install has them without a folder. */

const style = `
:root {
  color-scheme: light dark;
  --page: #f6f7f9; --card: #ffffff; --text: #1b2430; --soft: #566273; --line: #d9dee6; --accent: #1f5fbf;
  --good: #1a7f45; --warn: #8a5a00; --bad: #b3261e; --dim: #5b6573;
  --good-back: #e3f4ea; --warn-back: #fdf1d8; --bad-back: #fbe6e4; --dim-back: #e9ecf1;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #12161c; --card: #1b212a; --text: #e4e9f0; --soft: #9eabbb; --line: #313a47; --accent: #7fb0ff;
    --good: #6fd39a; --warn: #f0c264; --bad: #ff938a; --dim: #b0bac7;
    --good-back: #17362a; --warn-back: #3b2f14; --bad-back: #45201e; --dim-back: #2a323d;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text); font: 15px/1.5 system-ui, "Segoe UI", Roboto, "Liberation Sans", sans-serif; }
main { max-width: 1080px; margin: 0 auto; padding: 16px; }
header.top { display: flex; flex-wrap: wrap; gap: 8px 16px; align-items: center; max-width: 1080px; margin: 0 auto; padding: 16px 16px 0; }
header.top h1 { font-size: 1.25rem; margin: 0; }
header.top nav { margin-left: auto; display: flex; gap: 14px; align-items: center; }
h2 { font-size: 1.05rem; margin: 0; overflow-wrap: anywhere; }
h3 { font-size: .95rem; margin: 18px 0 4px; }
h3 .soft { font-weight: 400; font-size: .86rem; }
a { color: var(--accent); }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 14px 16px; margin: 0 0 14px; }
.head { display: flex; flex-wrap: wrap; gap: 8px; align-items: center; }
.soft { color: var(--soft); }
time { white-space: nowrap; }
.small { font-size: .86rem; }
.labels { width: 100%; }
@media (min-width: 700px) { .labels { width: auto; margin-left: auto; } }
.verdict { font-size: 1.05rem; }
.good-text { color: var(--good); }
.warn-text { color: var(--warn); }
.bad-text { color: var(--bad); }
.dim-text { color: var(--dim); }
.service { border-left-width: 5px; }
.good-edge { border-left-color: var(--good); }
.warn-edge { border-left-color: var(--warn); }
.bad-edge { border-left-color: var(--bad); }
.dim-edge { border-left-color: var(--dim); }
.quiet p { margin: 0; }
.lost { max-width: 1048px; margin: 16px auto 0; }
main.old { opacity: .55; }
.mend { margin-top: 2px; }
code.soft { font-size: .8rem; }
.badge { display: inline-block; padding: 0 9px; border-radius: 999px; font-size: .82rem; line-height: 1.7; white-space: nowrap; }
.good { color: var(--good); background: var(--good-back); }
.warn { color: var(--warn); background: var(--warn-back); }
.bad { color: var(--bad); background: var(--bad-back); }
.dim { color: var(--dim); background: var(--dim-back); }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(135px, 1fr)); gap: 12px 18px; margin: 12px 0 0; }
.facts dt { color: var(--soft); font-size: .82rem; }
.facts dd { margin: 0; overflow-wrap: anywhere; }
ul.plain { list-style: none; margin: 6px 0 0; padding: 0; }
ul.plain li { padding: 6px 0; border-top: 1px solid var(--line); overflow-wrap: anywhere; }
ul.plain li:first-child { border-top: 0; }
summary { cursor: pointer; color: var(--accent); margin-top: 8px; }
progress { width: 100%; height: 10px; accent-color: var(--accent); }
code, pre { font: 13px/1.5 ui-monospace, "DejaVu Sans Mono", monospace; }
pre { overflow-x: auto; background: var(--dim-back); border-radius: 8px; padding: 10px; margin: 8px 0; }
button { font: inherit; color: var(--text); background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 4px 12px; cursor: pointer; }
form { display: flex; flex-wrap: wrap; gap: 8px; align-items: center; }
form[hidden] { display: none; }
input { font: inherit; color: var(--text); background: var(--page); border: 1px solid var(--line); border-radius: 8px; padding: 4px 10px; min-width: 0; flex: 1 1 220px; max-width: 460px; }
table { border-collapse: collapse; width: 100%; }
td, th { text-align: left; padding: 4px 8px 4px 0; border-bottom: 1px solid var(--line); vertical-align: top; overflow-wrap: anywhere; }
.method { font-weight: 600; min-width: 4.2em; display: inline-block; }
`;

/**
 * Exchanges the code of a login link, or a token that was typed in. The code stands in the fragment, which browsers never send to a
 * server by themselves; a link that is pasted while this page is open changes the fragment only, and loads nothing anew.
 */
const loginScript = `
'use strict';
const message = document.getElementById('message');
const form = document.getElementById('token-form');
const field = document.getElementById('token');
const query = new URLSearchParams(location.search);
function nextPage() {
  const to = query.get('to') || '';
  return /^\\/(a\\/genesis-dr-app|console|status)(\\/[A-Za-z0-9._~:@%-]+)*\\/?(\\?[A-Za-z0-9._~:@%&=+-]*)?$/.test(to) ? to : '/';
}
async function exchange(credential, next) {
  message.textContent = 'Logging in …';
  try {
    const answer = await fetch('/api/v1/login', {
      method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(credential),
    });
    const reply = await answer.json();
    if (answer.ok) { location.replace(nextPage()); return; }
    message.textContent = 'Not logged in: ' + reply.detail + '. ' + next;
  } catch {
    message.textContent = 'Not logged in: the server could not be reached.';
  }
}
function login() {
  const code = new URLSearchParams(location.hash.slice(1)).get('code');
  if (!code) return;
  history.replaceState(null, '', location.pathname + location.search);
  exchange({ code }, 'Ask for a new link as described below.');
}
form.addEventListener('submit', (event) => {
  event.preventDefault();
  const token = field.value.trim();
  field.value = '';
  if (token) exchange({ token }, 'Is it the whole token?');
});
form.hidden = false;
addEventListener('hashchange', login);
login();
`;

/**
 * Renews the page in place, so that scrolling and opened details stay. XMLHttpRequest makes a document of the answer without any text
 * going through innerHTML, which the policy forbids. A server that does not answer must not look as healthy as it last was.
 */
const statusScript = `
'use strict';
const lost = document.getElementById('lost');
let answeredAt = new Date();
function sayLost() {
  lost.textContent = 'Genesis has not answered since ' + answeredAt.toLocaleTimeString() + '. What stands below is as old as that.';
  lost.hidden = false;
  document.querySelector('main').classList.add('old');
}
function show(fresh) {
  const open = [...document.querySelectorAll('details[open]')].map((details) => details.id);
  const focused = document.activeElement?.closest('details')?.id;
  document.querySelector('main').replaceWith(fresh.querySelector('main'));
  document.title = fresh.title;
  for (const id of open) document.getElementById(id)?.setAttribute('open', '');
  if (focused) document.getElementById(focused)?.querySelector('summary').focus();
  lost.hidden = true;
  answeredAt = new Date();
}
function renew() {
  const request = new XMLHttpRequest();
  request.open('GET', '/status?auto=1');
  request.responseType = 'document';
  request.timeout = 8000;
  request.onload = () => {
    if (new URL(request.responseURL).pathname !== '/status') { location.replace('/login'); return; }
    if (request.status === 200 && request.response?.querySelector('main')) show(request.response);
    else sayLost();
  };
  request.onerror = sayLost;
  request.ontimeout = sayLost;
  request.send();
}
setInterval(renew, 10000);
document.getElementById('logout')?.addEventListener('click', async () => {
  await fetch('/api/v1/logout', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' });
  location.replace('/login');
});
`;

export const assets: Readonly<Record<string, { readonly type: string; readonly text: string }>> = {
  '/assets/style.css': { type: 'text/css; charset=utf-8', text: style },
  '/assets/login.js': { type: 'text/javascript; charset=utf-8', text: loginScript },
  '/assets/status.js': { type: 'text/javascript; charset=utf-8', text: statusScript },
};
