import type { AuditEntry } from '../store/port.ts';
import { secrets } from './testing/fake-app.ts';
import { startTestServer } from './testing/test-server.ts';
import { auditCsv, auditJson, csvCell } from './audit-file.ts';

const row = (change: Partial<AuditEntry> = {}): AuditEntry => ({
  seq: 1,
  at: '2026-11-22T02:00:00.000Z',
  actor: 'Ada Lovelace (ada)',
  role: 'operator',
  via: 'grafana',
  action: 'backup',
  service: 'shop',
  target: null,
  result: 'intent',
  reason: null,
  operationId: 'op_1',
  remote: '127.0.0.1',
  details: null,
  hash: 'abc',
  ...change,
});

async function* chunks(...all: AuditEntry[][]): AsyncGenerator<AuditEntry[]> {
  yield* all;
}

async function text(parts: AsyncIterable<string>): Promise<string> {
  let whole = '';
  for await (const part of parts) whole += part;
  return whole;
}

it.each([
  ['=1+1', "'=1+1"],
  ['+49', "'+49"],
  ['-rm', "'-rm"],
  ['@SUM(A1)', "'@SUM(A1)"],
  ['\t=1', "'\t=1"],
  ['  =1', "'  =1"],
  [' kept ', '" kept "'],
  ['a,b', '"a,b"'],
  ['say "no"', '"say ""no"""'],
  ['two\nlines', '"two\nlines"'],
  ['=HYPERLINK("http://x","y")', '"\'=HYPERLINK(""http://x"",""y"")"'],
  ['plain - text', 'plain - text'],
  [null, ''],
  [-5, '-5'],
  [false, 'false'],
  [{ code: 'forbidden' }, '"{""code"":""forbidden""}"'],
])('writes %p as %p', (value, cell) => {
  expect(csvCell(value)).toBe(cell);
});

it('writes a header and a line a row', async () => {
  const file = await text(auditCsv(chunks([row()], [row({ seq: 2, via: 'token', reason: '=cmd' })])));

  expect(file.split('\r\n')).toEqual([
    'seq,at,actor,verified,role,via,action,service,target,result,reason,operationId,remote,details,hash',
    '1,2026-11-22T02:00:00.000Z,Ada Lovelace (ada),true,operator,grafana,backup,shop,,intent,,op_1,127.0.0.1,,abc',
    "2,2026-11-22T02:00:00.000Z,Ada Lovelace (ada),,operator,token,backup,shop,,intent,'=cmd,op_1,127.0.0.1,,abc",
    '',
  ]);
});

it('writes JSON that is whole, however many chunks there are', async () => {
  expect(JSON.parse(await text(auditJson(chunks())))).toEqual([]);
  expect(JSON.parse(await text(auditJson(chunks([row()], [row({ seq: 2 }), row({ seq: 3 })]))))).toMatchObject([
    { seq: 1, verified: true },
    { seq: 2 },
    { seq: 3 },
  ]);
});

it('cuts the connection where the log cannot be read to its end, so that a part is not taken for the whole', async () => {
  const server = await startTestServer();
  server.app.auditRows = async function* () {
    yield [row()];
    throw new Error('disk lost');
  };

  const answer = server.send('/api/v1/audit/export?format=json', { token: secrets.admin });

  await expect(answer).rejects.toThrow(/aborted|hang up|reset/);
  await server.close();
});

it('is sent as a file', async () => {
  const server = await startTestServer();
  server.app.current.audit = [row()];

  const answer = await server.send('/api/v1/audit/export?format=csv', { token: secrets.admin });

  expect(answer.headers).toMatchObject({
    'content-type': 'text/csv; charset=utf-8',
    'content-disposition': 'attachment; filename="genesis-audit-2026-11-22.csv"',
  });
  expect(answer.text.split('\r\n')).toHaveLength(3);
  await server.close();
});
