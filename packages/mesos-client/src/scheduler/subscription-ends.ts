import { answerText } from './answers.js'
import type { SubscriptionEnd } from './mesos-scheduler.js'

/** @returns undefined if the next attempt may succeed */
export function endByStatus(
  status: number,
  text: string,
  principal: string | undefined,
): SubscriptionEnd | undefined {
  const answer = answerText(status, text)
  switch (status) {
    case 400:
      if (/validate agent::Call/i.test(text)) {
        return {
          kind: 'refused',
          message: `What answers is an agent of Mesos, not a master: expected the address of a master, mostly with port 5050 (${answer})`,
        }
      }
      return { kind: 'refused', message: `The master refuses the framework: ${answer}` }
    case 403:
      return { kind: 'refused', message: `The master refuses the framework: ${answer}` }
    case 401:
      return {
        kind: 'refused',
        message:
          principal === undefined
            ? `The master takes frameworks only with principal and secret, and none are given (${answer})`
            : `The master does not take the secret of principal '${principal}' (${answer})`,
      }
    default:
      return undefined
  }
}

/**
 * What an ERROR means. One that answers SUBSCRIBE would come again; one that ends a subscription may be about anything, and
 * the next SUBSCRIBE shows it.
 */
export function endByError(message: string, isSubscribed: boolean): SubscriptionEnd | undefined {
  if (/framework failed over/i.test(message)) return { kind: 'failed-over', message }
  if (/framework has been removed/i.test(message)) return { kind: 'framework-removed', message }
  if (isSubscribed) return undefined
  return { kind: 'refused', message: `The master refuses the framework: ${message}` }
}
