import assert from 'node:assert/strict'

/** Where a process stands in the election. */
export type LatchState =
  /** It takes no part yet. */
  | 'idle'
  /** It makes its node, after it has removed what it had before. */
  | 'joining'
  /** Its node is there; others are before it, or nobody knows. */
  | 'queued'
  /** Its node is the first. */
  | 'leading'
  /** It has given up; its node is being removed. */
  | 'leaving'
  /** It has no session, so nothing of it is there. */
  | 'away'
  | 'closed'

const NEXT: Readonly<Record<LatchState, readonly LatchState[]>> = {
  idle: ['joining', 'away', 'closed'],
  joining: ['queued', 'away', 'closed'],
  queued: ['leading', 'joining', 'away', 'closed'],
  leading: ['leaving', 'joining', 'away', 'closed'],
  leaving: ['joining', 'away', 'closed'],
  away: ['joining', 'closed'],
  closed: [],
}

/** @throws AssertionError if there is no such way */
export function checkLatchTransition(from: LatchState, to: LatchState): void {
  assert(NEXT[from].includes(to), `a latch goes from ${from} to ${to}`)
}
