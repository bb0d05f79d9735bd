import type { MasterAddress } from './mesos-master.js'

/** Knows where masters are. */
export interface MasterDetector {
  /** For people. */
  readonly description: string
  /** To be asked one after the other; any of them may redirect. Empty: nobody is known now, see {@link problem}. */
  readonly masters: readonly MasterAddress[]
  /** Why nobody is known, for people. */
  readonly problem: string
  /** Begins to look. Called once. @param changed called when {@link masters} are others */
  start(changed: () => void): void
  /** Idempotent. */
  close(): Promise<void>
}
