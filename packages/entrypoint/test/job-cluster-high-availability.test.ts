import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { startJobCluster } from '../dist/jobmanager/job-cluster.js'
import { JobManagers } from './support/job-managers.js'

/** As that of clusters which others may go on with. */
const JOB_ID = '0'.repeat(32)

const JOB_GRAPH = {
  formatVersion: 1,
  jobId: JOB_ID,
  name: 'the one',
  jobType: 'STREAMING',
  vertices: [
    {
      id: '1'.repeat(32),
      name: 'v',
      parallelism: 1,
      maxParallelism: 128,
      slotSharingGroup: 'default',
      operators: [
        {
          operatorId: '2'.repeat(32),
          name: 'o',
          kind: 'operator',
          code: { kind: 'traced' },
          chainedInputs: [],
        },
      ],
    },
  ],
  edges: [],
  configuration: {},
}

/** JobManagers of one job cluster, one after the other, whose job waits for slots. */
function setUp(t: Test) {
  const jobManagers = new JobManagers(t)
  const { folder, coordination, until } = jobManagers
  const jobGraph = join(folder, 'job-graph.json')
  writeFileSync(jobGraph, JSON.stringify(JOB_GRAPH))
  const start = async (name: string, mode = 'DETACHED') => {
    const started = await jobManagers.start(name, {
      start: startJobCluster,
      options: { '--job-graph': jobGraph, '--execution-mode': mode, '--result-patience': '1 h' },
    })
    const jobStatus = async () => {
      const { jobs } = (await (await started.get('/jobs')).json()) as {
        jobs?: { id: string; status: string }[]
      }
      return jobs?.map(({ status }) => status).join()
    }
    const result = async () =>
      (await (await started.get(`/jobs/${JOB_ID}/execution-result`)).json()) as object
    return { ...started, jobStatus, result, cancel: () => started.cancel(JOB_ID) }
  }
  return { coordination, start, until }
}

const ENDED_BEFORE = 'The job of this cluster has ended under an earlier JobManager'

t.test(
  'a job cluster whose job ended under an earlier JobManager ends as the job did',
  async (t) => {
    const { coordination, start, until } = setUp(t)
    const a = await start('a', 'NORMAL')
    await until('a runs the job', async () => (await a.jobStatus()) === 'RUNNING')
    t.equal((await a.cancel()).status, 202)
    await until(
      'the job was cleaned up',
      () => coordination.entryPaths.join() === `job-results/${JOB_ID}`,
    )
    t.strictSame(a.ends, [], 'it waits for whoever wants the result')
    // What is kept is what a crash would leave.
    await a.daemon.close()
    t.strictSame(coordination.entryPaths, [`job-results/${JOB_ID}`])

    const b = await start('b')
    t.strictSame(b.ends, ['0: the job of this cluster has ended'])
    t.ok(b.logged.includes(ENDED_BEFORE))
    t.notOk(b.logged.includes('Job was submitted'))
    await b.daemon.close()
    t.strictSame(coordination.entryPaths, [], 'nothing is left for later clusters')

    const c = await start('c')
    t.ok(c.logged.includes('Job was submitted'), 'which begin anew')
    t.strictSame([a.fatal, b.fatal, c.fatal], [[], [], []])
  },
)

t.test('a client may still fetch the result of a job that ended before', async (t) => {
  const { coordination, start, until } = setUp(t)
  const a = await start('a', 'NORMAL')
  await until('a runs the job', async () => (await a.jobStatus()) === 'RUNNING')
  await a.cancel()
  await until('it is clean', () => coordination.entryPaths.join() === `job-results/${JOB_ID}`)
  await a.daemon.close()
  const b = await start('b', 'NORMAL')
  t.strictSame(b.ends, [])
  t.match(await b.result(), { status: { id: 'COMPLETED' } })
  await until('b has ended', () => b.ends.length > 0)
  t.strictSame(b.ends, ['0: the job of this cluster has ended'])
})

t.test('a job cluster goes on with the job of an earlier JobManager', async (t) => {
  const { coordination, start, until } = setUp(t)
  const a = await start('a')
  await until('a runs the job', async () => (await a.jobStatus()) === 'RUNNING')
  await a.daemon.close()
  t.strictSame(coordination.entryPaths, [`execution-plans/${JOB_ID}`])
  const b = await start('b')
  await until('b runs the job', async () => (await b.jobStatus()) === 'RUNNING')
  t.notOk(b.logged.includes(ENDED_BEFORE))
  await b.cancel()
  await until('b has ended', () => b.ends.length > 0)
  t.strictSame(b.ends, ['0: the job of this cluster has ended'])
})
