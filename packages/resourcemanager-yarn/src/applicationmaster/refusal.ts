import { HadoopAuthenticationError, remoteExceptionOf } from '@flink-ts/hadoop-rpc'

/** What a failed call to the ResourceManager means for the application. */
export type Refusal =
  /** Nobody answered, or it was not the time: the same call again. */
  | 'PASSING'
  /** The ResourceManager was restarted: it must be told everything again. */
  | 'NOT_REGISTERED'
  /** This attempt has ended, or a newer one is there. */
  | 'ATTEMPT_GONE'
  /** Something in the message is wrong: none of it counts. */
  | 'INVALID_REQUEST'
  /** The two sides do not agree about where they are, which nothing mends. */
  | 'OUT_OF_STEP'

const BY_CLASS: Readonly<Record<string, Refusal>> = {
  ApplicationMasterNotRegisteredException: 'NOT_REGISTERED',
  ApplicationAttemptNotFoundException: 'ATTEMPT_GONE',
  ApplicationNotFoundException: 'ATTEMPT_GONE',
  InvalidToken: 'ATTEMPT_GONE',
  InvalidApplicationMasterRequestException: 'OUT_OF_STEP',
  InvalidResourceRequestException: 'INVALID_REQUEST',
  InvalidLabelResourceRequestException: 'INVALID_REQUEST',
  InvalidResourceBlacklistRequestException: 'INVALID_REQUEST',
  InvalidContainerReleaseException: 'INVALID_REQUEST',
}

/** A restarted ResourceManager may not know its attempts at once: only so many answers in a row mean that one is gone. */
export const MAX_TIMES_GONE = 3

/** By the Java class of what the ResourceManager threw; connections that break and everything unknown are PASSING. */
export function refusalOf(error: unknown): Refusal {
  // It knows the attempt's name, and another password.
  if (error instanceof HadoopAuthenticationError) return 'ATTEMPT_GONE'
  return BY_CLASS[remoteExceptionOf(error)?.simpleClassName ?? ''] ?? 'PASSING'
}

/** A container was started too late for its token; that says nothing of the node. */
export function isExpiredContainer(error: unknown): boolean {
  return /token is expired/i.test(wordsOf(error))
}

/** What a NodeManager says of a start that it has got already, when its answer did not come. */
export function wasStartedBefore(error: unknown): boolean {
  return /relaunch the same container|already is running/i.test(wordsOf(error))
}

/** The first line of what Java threw; its reason may stand in the second. */
export function whyOf(error: unknown): string {
  const lines = wordsOf(error)
    .split('\n')
    .map((line) => line.trim())
  const end = lines.findIndex((line) => line.startsWith('at '))
  return (end < 0 ? lines : lines.slice(0, end)).slice(0, 3).join(' ').trim()
}

function wordsOf(error: unknown): string {
  const remote = remoteExceptionOf(error)
  if (remote !== undefined) return `${remote.remoteMessage}\n${remote.remoteStack}`
  return error instanceof Error ? error.message : String(error)
}
