import type { Test } from 'tap'
import { FakeClusterManager } from './fake-cluster-manager.js'
import { startFakeRestServer } from './fake-rest-server.js'

export const JOB_ID = 'a'.repeat(32)

/** Of one job. */
export const PROGRAM = `
import { StreamExecutionEnvironment } from '@flink-ts/streaming'
const env = StreamExecutionEnvironment.getExecutionEnvironment()
env.fromElements(1, 2).print()
await env.execute('a job')
`

/**
 * A JobManager whose jobs come to this end at once.
 *
 * @param isSubmitted asked with each call that is about a job: false: there is no such job yet
 */
export async function startJobManager(
  t: Test,
  end: 'SUCCEEDED' | 'FAILED' = 'SUCCEEDED',
  isSubmitted: () => boolean = () => true,
) {
  const server = await startFakeRestServer(t, ({ method, url }) => {
    if (url.startsWith('/jobs/') && !isSubmitted()) return undefined
    if (url === '/overview') return { body: { taskmanagers: 0 } }
    if (method === 'POST' && url === '/jobs') return { status: 202, body: { jobUrl: '' } }
    if (url.endsWith('/status')) {
      return { body: { status: end === 'SUCCEEDED' ? 'FINISHED' : 'FAILED' } }
    }
    if (url.endsWith('/clientHeartbeat')) return { status: 202, body: {} }
    if (url.endsWith('/execution-result')) {
      return {
        body: {
          status: { id: 'COMPLETED' },
          'job-execution-result': {
            id: JOB_ID,
            name: 'a job',
            'application-status': end,
            'net-runtime': 5,
            'accumulator-results': {},
          },
        },
      }
    }
    return undefined
  })
  return { ...server, manager: new FakeClusterManager(server.address) }
}

/** Lines with JOB in place of ids. */
export const withoutIds = (lines: readonly string[]) =>
  lines.map((line) => line.replace(/\b[0-9a-f]{32}\b/g, 'JOB'))
