import type { Clock } from '@flink-ts/core'
import type { LeaderRetrieval } from './high-availability-factory.js'
import type { LeaderAddress, LeaderComponent } from './high-availability-services.js'

/**
 * Waits until somebody leads who is wanted.
 *
 * @param options.patienceMs how long
 * @param options.isWanted default: whoever it is
 * @param options.signal ends the waiting
 * @returns whoever leads at the end, wanted or not; undefined: nobody
 * @throws the reason of `signal`
 */
export async function awaitLeader(
  retrieval: LeaderRetrieval,
  component: LeaderComponent,
  options: {
    readonly clock: Clock
    readonly patienceMs: number
    readonly isWanted?: (leader: LeaderAddress) => boolean
    readonly signal?: AbortSignal
  },
): Promise<LeaderAddress | undefined> {
  const { clock, patienceMs, isWanted = () => true, signal } = options
  signal?.throwIfAborted()
  const retriever = retrieval.leaderRetriever(component)
  let last: LeaderAddress | undefined
  let cancel = () => {}
  let onAbort = () => {}
  try {
    await new Promise<void>((resolve, reject) => {
      cancel = clock.schedule(patienceMs, resolve)
      onAbort = () => reject(signal?.reason)
      signal?.addEventListener('abort', onAbort)
      retriever.start((leader) => {
        last = leader
        if (leader !== undefined && isWanted(leader)) resolve()
      })
    })
  } finally {
    cancel()
    signal?.removeEventListener('abort', onAbort)
    await retriever.close()
  }
  return last
}
