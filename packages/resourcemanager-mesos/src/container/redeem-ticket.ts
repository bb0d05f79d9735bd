import type { Clock } from '@flink-ts/core'
import { type LaunchSecrets, parseLaunchSecrets } from '../artifacts/launch-secrets.js'
import { unseal } from '../artifacts/sealing.js'
import { formatClaim, newClaim, TICKET_PATH } from '../artifacts/ticket-claim.js'
import { noSecrets } from './container-error.js'
import { type HttpAnswer, httpGet } from './http-get.js'

const IDLE_MS = 10_000
const MAX_BYTES = 16 * 1024 * 1024
const FIRST_PAUSE_MS = 200
const MAX_PAUSE_MS = 5_000
/** A JobManager that is gone for so long does not come back at this address. */
const PATIENCE_MS = 60_000
/** Nobody listens there: that JobManager, which listened before it launched this task, has ended, and another one does not know the ticket. */
const REFUSED_PATIENCE_MS = 10_000

const REFUSALS: Readonly<Record<number, string>> = {
  401: 'it does not know what a ticket is: it is of another version',
  403: 'it says that the ticket of this task is not valid: it has given the task up, or is another JobManager',
  404: 'there is another JobManager now, which did not launch this task',
  409: 'somebody else has used the ticket of this task before: its environment is open to strangers',
}

export interface RedeemTicketOptions {
  /** URL of the artifact server. */
  readonly artifacts: string
  readonly ticket: string
  readonly clock: Clock
}

/**
 * Shows the ticket to the JobManager until it answers, for a minute at most; for 10 s if nobody listens there any more, since the next
 * JobManager waits for the tasks of the last.
 *
 * @throws FlinkError FLINK_MESOS_CONTAINER
 */
export async function redeemTicket(options: RedeemTicketOptions): Promise<LaunchSecrets> {
  const { artifacts, ticket, clock } = options
  // The same each time: an answer that was lost on its way is given again to whoever asked.
  const claim = newClaim(ticket)
  const { host } = new URL(artifacts)
  const sinceMs = clock.monotonicNow()
  let refusedSinceMs: number | undefined
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, MAX_PAUSE_MS)) {
    let problem: unknown
    try {
      const answer = await httpGet(`${artifacts}/${TICKET_PATH}`, {
        headers: { Authorization: formatClaim(claim) },
        idleMs: IDLE_MS,
        maxBytes: MAX_BYTES,
      })
      if (answer.status < 500) return secretsIn(answer, ticket, claim.nonce, host)
      problem = new Error(`it answers with status ${answer.status}`)
    } catch (error) {
      if (error instanceof Refusal) throw noSecrets(`${error.message} (${host})`)
      problem = error
    }
    if (!isRefused(problem)) refusedSinceMs = undefined
    else refusedSinceMs ??= clock.monotonicNow()
    const [fromMs, patienceMs] =
      refusedSinceMs === undefined ? [sinceMs, PATIENCE_MS] : [refusedSinceMs, REFUSED_PATIENCE_MS]
    if (clock.monotonicNow() + pauseMs > fromMs + patienceMs) {
      const why = problem instanceof Error ? problem.message : String(problem)
      throw noSecrets(
        `${host} cannot be asked for ${patienceMs / 1000} s: ${why}; is the JobManager there, and reached from this machine?`,
        problem,
      )
    }
    await new Promise<void>((resolve) => clock.schedule(pauseMs, resolve))
  }
}

function isRefused(problem: unknown): boolean {
  return (problem as { readonly code?: unknown } | undefined)?.code === 'ECONNREFUSED'
}

class Refusal extends Error {}

function secretsIn(
  { status, body }: HttpAnswer,
  ticket: string,
  nonce: string,
  host: string,
): LaunchSecrets {
  if (status !== 200) throw new Refusal(REFUSALS[status] ?? `it answers with status ${status}`)
  const text = unseal(ticket, nonce, body)
  if (text === undefined) {
    throw new Refusal(`what answers at ${host} does not know the ticket of this task`)
  }
  const secrets = parseLaunchSecrets(text)
  if (secrets === undefined) throw new Refusal('it is of another version')
  return secrets
}
