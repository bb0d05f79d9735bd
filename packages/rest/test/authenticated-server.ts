import { type Logger, noopLogger } from '@flink-ts/core'
import { ClusterSecret, restToken } from '@flink-ts/core/security'
import type { Test } from 'tap'
import { startServer } from './start-server.js'

export const secret = ClusterSecret.fromText('s'.repeat(40), 'a test')
export const token = restToken(secret)

export const overview = {
  taskManagers: 3,
  slotsTotal: 4,
  slotsAvailable: 3,
  jobsRunningOrPending: 1,
  jobsFinished: 0,
  jobsCancelled: 0,
  jobsFailed: 0,
}

export const AUTHENTICATION = { 'security.rest.authentication.enabled': 'true' }

/** A server that asks for the token. */
export function startClosed(t: Test, options: Parameters<typeof startServer>[1] = {}) {
  return startServer(t, {
    secret,
    dispatcher: { requestClusterOverview: () => overview },
    ...options,
    configuration: { ...AUTHENTICATION, ...options.configuration },
  })
}

/** Keeps all that would be logged. */
export function recording(): { log: Logger; lines: string[] } {
  const lines: string[] = []
  const write = (message: string, fields?: unknown) =>
    void lines.push(`${message} ${JSON.stringify(fields)}`)
  const log: Logger = {
    ...noopLogger,
    debug: write,
    info: write,
    warn: write,
    error: write,
    child: () => log,
  }
  return { log, lines }
}
