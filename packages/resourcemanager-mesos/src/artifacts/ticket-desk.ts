import type { Logger } from '@flink-ts/core'
import { RefusedPeers } from '@flink-ts/core/security'
import type { TicketReply } from './artifact-server.js'
import { formatLaunchSecrets, type LaunchSecrets } from './launch-secrets.js'
import { seal } from './sealing.js'
import { parseClaim } from './ticket-claim.js'
import type { TicketOffice } from './ticket-office.js'

const NOTHING = new Uint8Array()
/** Of the same ticket more alarms tell nothing new. */
const MAX_ALARMS = 1000

export interface TicketDeskOptions {
  readonly office: TicketOffice
  readonly secrets: () => LaunchSecrets
  readonly log: Logger
}

/** Answers whoever shows a ticket to the artifact server; what should not be is in the log. */
export function ticketDesk({ office, secrets, log }: TicketDeskOptions) {
  const strangers = new RefusedPeers(log)
  const alarms = new Set<string>()
  return (authorization: string | undefined, peer: string): TicketReply => {
    const claim = parseClaim(authorization)
    if (claim === undefined) {
      strangers.refused(peer, 'Refused a peer that showed no ticket', { peer })
      return { status: 401, body: NOTHING }
    }
    const answer = office.redeem(claim, peer)
    if (answer.kind === 'refused') {
      strangers.refused(
        peer,
        'Refused a peer whose ticket is not valid: its task has ended, or it is of another JobManager',
        { peer },
      )
      return { status: 403, body: NOTHING }
    }
    const { taskId } = answer
    if (answer.kind === 'used') {
      const { firstUser } = answer
      const alarm = `${taskId} ${peer}`
      if (!alarms.has(alarm) && alarms.size < MAX_ALARMS) {
        alarms.add(alarm)
        log.error(
          'A ticket was shown a second time: one of the two is a stranger, who may know the secret of the cluster. End the cluster, give it a new secret, and see who can look into the tasks of its agents',
          { taskId, peer, firstUser },
        )
      }
      return { status: 409, body: NOTHING }
    }
    log.info('Handed the secrets of the cluster to a task', { taskId, peer })
    const body = seal(answer.ticket, claim.nonce, formatLaunchSecrets(secrets()))
    return { status: 200, body }
  }
}
