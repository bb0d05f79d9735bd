import { type FencingToken, sameFencingToken } from '@flink-ts/rpc'
import type { HighAvailabilityServices } from '@flink-ts/runtime'

/**
 * Tells whether the Dispatcher of this process leads and is found: from where its term is known to all until the term ends
 * here. Whoever is found last may be of a term that is over, because nobody tells when no server answers; the end of the
 * own term is certain.
 *
 * @param rpcAddress `host:port` of this process
 * @param tell may be told the same again
 * @returns ends it
 */
export function followLeadership(
  highAvailability: Pick<HighAvailabilityServices, 'leaderElection' | 'leaderRetriever'>,
  rpcAddress: string,
  tell: (leads: boolean) => void,
): () => Promise<void> {
  let term: FencingToken | undefined
  let found: FencingToken | undefined
  const changed = () => tell(term !== undefined && sameFencingToken(term, found))
  // Confirms nothing: it is the Dispatcher that publishes its address.
  const election = highAvailability.leaderElection({ kind: 'dispatcher' })
  const retriever = highAvailability.leaderRetriever({ kind: 'dispatcher' })
  election.start({
    grantLeadership(token) {
      term = token
      changed()
    },
    revokeLeadership() {
      term = undefined
      changed()
    },
  })
  retriever.start((leader) => {
    found = leader?.address === rpcAddress ? leader.token : undefined
    changed()
  })
  return async () => {
    await Promise.all([election.close(), retriever.close()])
  }
}
