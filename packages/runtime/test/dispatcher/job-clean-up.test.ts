import t from 'tap'
import { settle } from '../testing/cluster.js'
import { JOB_ID } from '../testing/job-graphs.js'
import { Cluster, encode, graphOf, start } from './dispatchers-under-test.js'

t.test('Dispatcher tells that a job has ended only when the result is kept', async (t) => {
  const { cluster, a, coordination } = await start(t, { latencyMs: () => 10 })
  await cluster.advance(200, 20)
  const gateway = cluster.gateway()
  await Promise.all([gateway.submitJob(encode(graphOf())), cluster.advance(100, 10)])
  await gateway.cancelJob({ jobId: JOB_ID })
  await cluster.advance(5)
  t.match(await gateway.requestJobStatus({ jobId: JOB_ID }), { status: 'CANCELLING' })
  t.match(await gateway.requestMultipleJobDetails({}), {
    jobs: [{ status: 'CANCELLING', endTimeMs: -1 }],
  })
  t.strictSame(await gateway.requestJobResult({ jobId: JOB_ID }), {})
  t.strictSame(a.ended, [])
  await cluster.advance(7)
  t.ok(coordination.entryPaths.includes(`job-results/${JOB_ID}`))
  t.strictSame(a.ended, [])
  await cluster.advance(300, 30)
  t.match(await gateway.requestJobResult({ jobId: JOB_ID }), { result: { status: 'CANCELED' } })
  t.strictSame(a.ended, [`${JOB_ID}:CANCELED`])
  t.strictSame(coordination.entryPaths, [], 'nothing is left behind')
})

t.test('a job whose result was refused is run again by the next leader', async (t) => {
  const { cluster, a, b, coordination } = await start(t)
  await cluster.gateway().submitJob(encode(graphOf()))
  await settle()
  const leader = cluster.leader
  coordination.expireSession('a', { unnoticed: true })
  await settle()
  await cluster.gateway(leader).cancelJob({ jobId: JOB_ID })
  await settle()
  t.match(await cluster.gateway(leader).requestJobStatus({ jobId: JOB_ID }), {
    status: 'CANCELLING',
  })
  t.strictSame([a.ended, b.ended, a.fatal], [[], [], []])
  t.strictSame(await cluster.jobs(), { [JOB_ID]: 'RUNNING' })
  coordination.notice('a')
  await settle()
  t.strictSame([a.ended, a.fatal], [[], []])
})

t.test(
  'a job with a result is not run again; its clean-up goes on under the next leader',
  async (t) => {
    const { cluster, a, b, coordination } = await start(t)
    await cluster.gateway().submitJob(encode(graphOf()))
    await settle()
    cluster.blobsAreStuck = () => true
    await cluster.gateway().cancelJob({ jobId: JOB_ID })
    await settle()
    t.strictSame(a.ended, [`${JOB_ID}:CANCELED`], 'the clean-up delays nobody')
    t.strictSame(coordination.entryPaths, [`job-results/${JOB_ID}`])
    await cluster.advance(7_000, 7)
    coordination.grantLeadership('b')
    await settle()
    t.strictSame(await cluster.jobs(), { [JOB_ID]: 'CANCELED' })
    t.match(await cluster.gateway().requestJobResult({ jobId: JOB_ID }), {
      result: { status: 'CANCELED', name: graphOf().name },
    })
    await t.rejects(cluster.gateway().submitJob(encode(graphOf())), {
      code: 'FLINK_DUPLICATE_JOB_SUBMISSION',
      message: /has ended/,
    })
    cluster.blobsAreStuck = () => false
    await cluster.advance(1_000)
    t.strictSame(coordination.entryPaths, [])
    t.strictSame(b.blobs, [`-${JOB_ID}`])
    t.strictSame([a.fatal, b.fatal], [[], []])
  },
)

t.test('a leader that fell between result and clean-up leaves no job to run', async (t) => {
  const { cluster, a, b, coordination } = await start(t)
  await cluster.gateway().submitJob(encode(graphOf()))
  const { jobResults } = a.ha.stores(a.ha.token!)
  await jobResults.putDirtyResult({
    jobId: JOB_ID,
    name: 'job',
    status: 'FINISHED',
    startTimeMs: 1,
    endTimeMs: 2,
    accumulators: [],
  })
  coordination.grantLeadership('b')
  await settle()
  t.strictSame(b.ended, [`${JOB_ID}:FINISHED`])
  t.strictSame((await cluster.gateway().listJobs({})).jobs, [{ jobId: JOB_ID, status: 'FINISHED' }])
  t.strictSame(coordination.entryPaths, [])
})

t.test('Dispatcher repeats a clean-up with growing pauses, as cleanup-strategy says', async (t) => {
  const attemptsOf = async (configuration: Record<string, string>, ms: number, steps: number) => {
    const cluster = new Cluster()
    let attempts = 0
    cluster.blobsAreStuck = () => ++attempts > 0
    await cluster.start('a', configuration)
    await cluster.gateway().submitJob(encode(graphOf()))
    await settle()
    await cluster.gateway().cancelJob({ jobId: JOB_ID })
    await cluster.advance(ms, steps)
    await cluster.close()
    return attempts
  }
  t.equal(await attemptsOf({}, 15_000, 15), 5, 'at 0, 1, 3, 7, 15 s')
  const fixed = {
    'cleanup-strategy.type': 'fixed-delay',
    'cleanup-strategy.fixed-delay.delay': '2 s',
    'cleanup-strategy.fixed-delay.attempts': '3',
  }
  t.equal(await attemptsOf(fixed, 30_000, 15), 4)
  t.equal(await attemptsOf({ 'cleanup-strategy.type': 'none' }, 30_000, 3), 1)
})

t.test(
  'job-result-store.delete-on-commit false keeps results, and refuses their jobs',
  async (t) => {
    const cluster = new Cluster()
    t.teardown(() => cluster.close())
    const configuration = { 'job-result-store.delete-on-commit': 'false' }
    await cluster.start('a', configuration)
    await cluster.start('b', configuration)
    await cluster.gateway().submitJob(encode(graphOf()))
    await settle()
    await cluster.gateway().cancelJob({ jobId: JOB_ID })
    await settle()
    cluster.coordination.grantLeadership('b')
    await settle()
    t.strictSame(cluster.coordination.entryPaths, [`job-results/${JOB_ID}`])
    t.strictSame(await cluster.jobs(), {}, 'it is clean: nothing is shown of it')
    await t.rejects(cluster.gateway().submitJob(encode(graphOf())), {
      code: 'FLINK_DUPLICATE_JOB_SUBMISSION',
      message: /has ended/,
    })
    t.match(await cluster.gateway().requestJobResult({ jobId: JOB_ID }), {
      result: { jobId: JOB_ID, status: 'CANCELED' },
    })
    await t.rejects(cluster.gateway().requestJobResult({ jobId: 'e'.repeat(32) }), {
      code: 'FLINK_JOB_NOT_FOUND',
    })
  },
)
