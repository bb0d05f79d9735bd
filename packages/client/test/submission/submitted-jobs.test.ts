import { MiniCluster } from '@flink-ts/client'
import { IntCounter, SystemClock, snapshotAccumulator } from '@flink-ts/core'
import { RestClientError, type RestClusterClient, RestConnectionError } from '@flink-ts/rest/client'
import type { SubmittedJob } from '@flink-ts/runtime'
import { JobClient } from '@flink-ts/streaming'
import t from 'tap'
import { LocalJob } from '../../dist/local/local-job.js'
import { RemoteJob } from '../../dist/submission/remote-job.js'
import { CountingClock, record, withCluster } from '../local/testing-cluster.js'

const JOB_ID = 'abcdef0123456789abcdef0123456789'
const RESULT = { id: JOB_ID, name: 'a job', 'net-runtime': 12, 'accumulator-results': {} }

/** A job on a cluster that answers as `methods` say. */
function remoteJob(methods: { readonly [K in keyof RestClusterClient]?: unknown }) {
  const seen: string[] = []
  const job = new RemoteJob({
    jobId: JOB_ID,
    client: methods as unknown as RestClusterClient,
    clock: new SystemClock(),
    onStatus: (status) => seen.push(status),
  })
  return { job, client: new JobClient(job), seen }
}

t.test('JobClient of a job on a cluster', async (t) => {
  const statuses = ['INITIALIZING', 'RUNNING', 'RUNNING', 'FINISHED', 'FINISHED']
  const counter = new IntCounter()
  counter.add(3)
  const asked: string[] = []
  const { client, seen } = remoteJob({
    jobStatus: async () => statuses.shift(),
    // The result may be there a moment later than the status.
    executionResult: async () =>
      asked.push('result') === 2 ? undefined : { ...RESULT, 'application-status': 'SUCCEEDED' },
    cancelJob: async () => void asked.push('cancel'),
    jobAccumulators: async () => [snapshotAccumulator('n', counter)],
  })
  t.equal(client.getJobID(), JOB_ID)
  t.equal(await client.getJobStatus(), 'INITIALIZING')
  t.same(await client.getAccumulators(), { n: 3 })
  await client.cancel()
  const result = await client.getJobExecutionResult()
  t.match([result.jobName, result.getNetRuntime()], ['a job', 12])
  t.same(seen, ['RUNNING', 'FINISHED'], 'each status is told once')
  t.same(asked, ['cancel', 'result', 'result'])
})

t.test('JobClient takes savepoints of a job on a cluster, and ends it with one', async (t) => {
  const asked: unknown[] = []
  const noted =
    (name: string) =>
    async (...args: unknown[]) => {
      asked.push([name, ...args])
      return name === 'savepoint' ? '/s/savepoint-1' : 'id'
    }
  const { client } = remoteJob({
    triggerSavepoint: noted('trigger'),
    stopWithSavepoint: noted('stop'),
    savepoint: noted('savepoint'),
  })
  t.equal(await client.triggerSavepoint(), '/s/savepoint-1')
  await client.cancelWithSavepoint('/to')
  await client.stopWithSavepoint(false)
  await client.stopWithSavepoint(true, '/to')
  t.strictSame(asked, [
    ['trigger', JOB_ID, { 'cancel-job': false }],
    ['savepoint', JOB_ID, 'id'],
    ['trigger', JOB_ID, { 'cancel-job': true, 'target-directory': '/to' }],
    ['savepoint', JOB_ID, 'id'],
    ['stop', JOB_ID, { drain: false }],
    ['savepoint', JOB_ID, 'id'],
    ['stop', JOB_ID, { drain: true, targetDirectory: '/to' }],
    ['savepoint', JOB_ID, 'id'],
  ])
})

t.test('JobClient.getJobExecutionResult tells how a job on a cluster ended, and why', async (t) => {
  const cause = {
    name: 'RangeError',
    message: 'no 1',
    stack: 'RangeError: no 1\n    at f (a.ts:3:1)',
  }
  for (const [status, applicationStatus, message] of [
    ['FAILED', 'FAILED', /^Job failed \(JobID: abcdef/],
    ['CANCELED', 'CANCELED', /^Job was cancelled \(JobID: abcdef/],
  ] as const) {
    const { client } = remoteJob({
      jobStatus: async () => status,
      executionResult: async () => ({
        ...RESULT,
        'application-status': applicationStatus,
        'failure-cause': {
          class: '',
          'stack-trace': '',
          'serialized-throwable': Buffer.from(JSON.stringify(cause)).toString('base64'),
        },
      }),
    })
    const error = (await client.getJobExecutionResult().catch((e: unknown) => e)) as Error
    t.match(error, { name: 'JobExecutionError', jobId: JOB_ID, status, message })
    t.match(error.cause, { name: 'RangeError', message: 'no 1' })
  }
})

t.test('RemoteJob.result: a cluster that is gone, or refuses, is told with the job', async (t) => {
  const gone = new RestConnectionError('Cannot reach the JobManager at h:1: refused', 'h:1')
  const lost = remoteJob({ jobStatus: () => Promise.reject(gone) })
  await t.rejects(lost.job.result(), {
    code: 'FLINK_REST_CONNECTION',
    message: `${gone.message}; whether job ${JOB_ID} goes on is not known`,
  })
  const unknown = new RestClientError('GET /jobs', 404, ['Could not find Flink job'])
  const refused = remoteJob({ jobStatus: () => Promise.reject(unknown) })
  await t.rejects(refused.job.result(), unknown)
})

const kinds: Record<string, (job: { endless: boolean }) => Promise<SubmittedJob>> = {}

t.test('JobClient of a job in a MiniCluster, and of one with a cluster of its own', async (t) => {
  const counting = (last: number) =>
    record((env) => {
      env
        .fromSequence(1, last)
        .filter(() => false)
        .print()
    })
  await withCluster(t, {}, async ({ cluster }) => {
    kinds['MiniCluster'] = async ({ endless }) =>
      cluster.submitJob(await counting(endless ? 2 ** 52 : 10))
    kinds['LocalJob'] = async ({ endless }) =>
      LocalJob.start(
        new MiniCluster({ clock: new CountingClock() }),
        await counting(endless ? 2 ** 52 : 10),
      )
    await t.test('savepoints of a job in a MiniCluster', async (t) => {
      const client = new JobClient(await kinds['MiniCluster']!({ endless: true }))
      const savepoint = async () => {
        // Until all tasks run there can be none.
        for (;;) {
          try {
            return await client.triggerSavepoint('memory:///savepoints')
          } catch (error) {
            const { code } = error as { code?: string }
            const isEarly = 'FLINK_CHECKPOINTS_UNSUPPORTED FLINK_CHECKPOINT_FAILED'.includes(code!)
            if (!isEarly) throw error
            await new Promise(setImmediate)
          }
        }
      }
      t.match(await savepoint(), /^memory:\/\/\/savepoints\/savepoint-/)
      t.equal(await client.getJobStatus(), 'RUNNING')
      await t.rejects(client.triggerSavepoint(), { code: 'FLINK_SAVEPOINT_TARGET' })
      t.match(await client.stopWithSavepoint(false, 'memory:///savepoints'), /savepoint-/)
      t.match(await client.getJobExecutionResult(), { jobName: 'test job' })
      await t.rejects(client.cancelWithSavepoint('memory:///s'), { code: 'FLINK_JOB_NOT_FOUND' })
    })
    for (const [kind, submit] of Object.entries(kinds)) {
      await t.test(kind, async (t) => {
        const client = new JobClient(await submit({ endless: false }))
        t.match(client.getJobID(), /^[0-9a-f]{32}$/)
        const result = await client.getJobExecutionResult()
        t.match([result.jobId, result.jobName], [client.getJobID(), 'test job'])
        t.equal(await client.getJobStatus(), 'FINISHED', 'also when the job has ended')
        t.same(await client.getAccumulators(), {})
        await t.rejects(client.cancel(), { code: 'FLINK_JOB_ALREADY_TERMINATED' })

        const other = new JobClient(await submit({ endless: true }))
        await other.cancel()
        t.match(await other.getJobExecutionResult().catch((e) => e), { status: 'CANCELED' })
        t.equal(await other.getJobStatus(), 'CANCELED')
        t.same(await other.getAccumulators(), {})
        await other.cancel()
      })
    }
  })
})
