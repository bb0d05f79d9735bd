import { FlinkError } from '@flink-ts/core'
import { CoordinationConnectionLostError } from '../highavailability/store/store-errors.js'
import type { RetryPolicy } from '../retry/retries.js'

/** A coordination service that is away is asked again until it answers, or the term is over. */
export const CONNECTION_RETRIES: RetryPolicy = {
  maxRetries: Number.POSITIVE_INFINITY,
  initialDelayMs: 100,
  maxDelayMs: 5_000,
  isWorthRetrying: (error) => error instanceof CoordinationConnectionLostError,
}

/** So is a storage that is away, where a leader can neither do without it nor refuse what it was asked for. */
export const STORAGE_RETRIES: RetryPolicy = {
  ...CONNECTION_RETRIES,
  isWorthRetrying: (error) => FlinkError.is(error) && error.retriable,
}

/** For one change: a storage that is away refuses it, but not one that may have been made already. */
export function changeRetries(): RetryPolicy {
  let isDoubtful = false
  return {
    ...CONNECTION_RETRIES,
    isWorthRetrying: (error) => {
      isDoubtful ||= CONNECTION_RETRIES.isWorthRetrying(error)
      return (isDoubtful ? STORAGE_RETRIES : CONNECTION_RETRIES).isWorthRetrying(error)
    },
  }
}
