/**
 * Names one term of leadership. The coordination service orders terms by `epoch`; `uuid` tells
 * apart two leaders that were given the same epoch by coordination services that know nothing of
 * each other (two embedded clusters on one port, one after the other).
 */
export interface FencingToken {
  /** Grows with every change of leadership; a safe integer ≥ 0. */
  readonly epoch: number
  readonly uuid: string
}

/** Whether both name the same term; two absent tokens are the same. */
export function sameFencingToken(
  a: FencingToken | undefined,
  b: FencingToken | undefined,
): boolean {
  return a?.epoch === b?.epoch && a?.uuid === b?.uuid
}

/** The token as logs and error messages show it: `<epoch>/<uuid>`, or `none`. */
export function formatFencingToken(token: FencingToken | undefined): string {
  return token === undefined ? 'none' : `${token.epoch}/${token.uuid}`
}
