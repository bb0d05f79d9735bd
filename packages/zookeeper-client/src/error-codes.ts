import type { ZooKeeperErrorReason } from './zookeeper-error.js'

/** Codes of answers. What was asked was not done, except that nobody knows after `operation-timeout`. */
const REASONS: ReadonlyMap<number, ZooKeeperErrorReason> = new Map([
  [-8, 'bad-arguments'],
  [-101, 'no-node'],
  [-102, 'no-auth'],
  [-103, 'bad-version'],
  [-108, 'no-children-for-ephemerals'],
  [-110, 'node-exists'],
  [-111, 'not-empty'],
  [-112, 'session-expired'],
  [-114, 'invalid-acl'],
  [-115, 'auth-failed'],
  [-118, 'session-moved'],
  [-119, 'not-read-only'],
  // The server waits no longer, or has no room; the change may still happen.
  [-122, 'operation-timeout'],
  [-127, 'operation-timeout'],
])

export const NO_NODE = -101

/** What servers say that programs need not tell apart, in words for people. */
const WORDS: ReadonlyMap<number, string> = new Map([
  [-1, 'the server failed'],
  [-2, 'not tried, as another step of the transaction was refused'],
  [-5, 'the server could not read the request'],
  [-6, 'the server does not have this operation'],
  [-122, 'the server took too long'],
  [-125, 'a quota is exceeded'],
  [-127, 'the server has too much to do'],
])

export interface TranslatedCode {
  readonly reason: ZooKeeperErrorReason
  /** The code, if there is no name for it. */
  readonly serverCode?: number
  readonly detail?: string
}

/** What a code other than 0 in an answer means; one that is not known is `unknown`, never an exception. */
export function translateCode(code: number): TranslatedCode {
  const reason = REASONS.get(code)
  const detail = WORDS.get(code)
  return {
    ...(reason === undefined ? { reason: 'unknown', serverCode: code } : { reason }),
    ...(detail !== undefined && { detail }),
  }
}
