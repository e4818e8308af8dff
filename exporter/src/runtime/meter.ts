import type { ActionId } from '../contract/actions.ts';
import type { ErrorCode } from '../contract/errors.ts';
import type { AuthFailureKind } from '../contract/metrics/http.ts';
import type { MeasuredEvent } from '../store/port.ts';

/** Where the runtime counts; the metrics layer makes the real one. */
export interface Meter {
  record(event: MeasuredEvent): void;
  countRequest(
    labels: { readonly method: string; readonly route: string; readonly status: string },
    seconds: number,
  ): void;
  countAuthFailure(kind: AuthFailureKind, action: ActionId | null): void;
  countError(code: ErrorCode, component: string): void;
  countAuditWriteFailure(): void;
}
