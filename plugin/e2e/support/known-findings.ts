/** A finding of axe inside a component of @grafana/ui, which is drawn the same way in Grafana itself. */
export interface KnownFinding {
  readonly rule: string;
  /** Fits the selector and the beginning of the element. */
  readonly where: RegExp;
  /** Which component, and why it stays. */
  readonly why: string;
}

export const knownFindings: readonly KnownFinding[] = [];
