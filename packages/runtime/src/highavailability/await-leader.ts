import type { Clock } from '@flink-ts/core'
import type { LeaderRetrieval } from './high-availability-factory.js'
import type { LeaderAddress, LeaderComponent } from './high-availability-services.js'

/**
 * Waits until somebody leads who is wanted.
 *
 * @param options.patienceMs how long
 * @param options.isWanted default: whoever it is
 * @returns whoever leads at the end, wanted or not; undefined: nobody
 */
export async function awaitLeader(
  retrieval: LeaderRetrieval,
  component: LeaderComponent,
  options: {
    readonly clock: Clock
    readonly patienceMs: number
    readonly isWanted?: (leader: LeaderAddress) => boolean
  },
): Promise<LeaderAddress | undefined> {
  const { clock, patienceMs, isWanted = () => true } = options
  const retriever = retrieval.leaderRetriever(component)
  let last: LeaderAddress | undefined
  try {
    await new Promise<void>((resolve) => {
      const cancel = clock.schedule(patienceMs, resolve)
      retriever.start((leader) => {
        last = leader
        if (leader === undefined || !isWanted(leader)) return
        cancel()
        resolve()
      })
    })
  } finally {
    await retriever.close()
  }
  return last
}
