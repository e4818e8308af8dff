import { ok } from '../../contract/errors.ts';
import type { TokenReply } from '../../contract/replies.ts';
import type { TokenRow } from '../../store/port.ts';
import { auditCsv, auditJson, marked } from '../audit-file.ts';
import { optionsOf, paged, paramOf, present, type Handlers } from './call.ts';

/** Without the hash, and field by field, so that a new column of the store is not shown by accident. */
function shown(row: TokenRow): TokenReply {
  const { id, name, role, createdAt, createdBy, expiresAt, lastUsedAt, revokedAt } = row;
  return { id, name, role, createdAt, createdBy, expiresAt, lastUsedAt, revokedAt };
}

export const administrationHandlers = {
  async listAudit(call) {
    const page = await call.app.auditLog(present(call.query));
    return paged(call, page.items.map(marked), page.next);
  },
  async verifyAudit({ app }) {
    return ok({ status: 200, body: await app.verifyAudit() });
  },
  async exportAudit({ app, query }) {
    const { format, ...filter } = query;
    const rows = app.auditRows(present(filter));
    const day = app.clock.now().toISOString().slice(0, 10);
    const file =
      format === 'csv'
        ? { type: 'text/csv; charset=utf-8', name: `genesis-audit-${day}.csv`, chunks: auditCsv(rows) }
        : { type: 'application/json', name: `genesis-audit-${day}.json`, chunks: auditJson(rows) };
    return ok({ status: 200, body: null, file });
  },
  async listTokens({ app }) {
    return ok({ status: 200, body: { items: (await app.store.tokens.list()).map(shown), next: null } });
  },
  async createToken(call) {
    const { name, role, expiresInSeconds } = call.body;
    const created = await call.app.createToken(
      { name, role, expiresInSeconds: expiresInSeconds ?? null },
      optionsOf(call),
    );
    return created.ok
      ? ok({ status: 201, body: { token: shown(created.value.row), secret: created.value.secret } })
      : created;
  },
  async revokeToken(call) {
    const id = paramOf(call, 'id');
    const revoked = await call.app.revokeToken(id, optionsOf(call));
    return revoked.ok ? ok({ status: 200, body: { id, revoked: true } }) : revoked;
  },
  async setLogLevel(call) {
    const { level } = call.body;
    const set = await call.app.setLogLevel(level, optionsOf(call));
    return set.ok ? ok({ status: 200, body: { level } }) : set;
  },
} satisfies Partial<Handlers>;
