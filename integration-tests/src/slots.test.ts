import t from 'tap'
import { program, TestCluster } from './support/test-cluster.js'
import { startTextServer } from './support/text-server.js'
import { until } from './support/until.js'

t.setTimeout(600_000)

/** Why follows when the ResourceManager has said it. */
const WAITING = /^waiting for slots: 4 required, 2 available( \(2 slots are missing; .*\))?$/

const cluster = await TestCluster.start(t, {
  taskManagers: 1,
  // A TaskManager is started in it.
  configuration: { 'slot.request.timeout': '25 s' },
})
const server = await startTextServer(t)
const submit = () => cluster.submit('-p', '4', program('socket-words.ts'), String(server.port))

/** Waits until the job says by REST that it waits. */
const untilWaiting = (jobId: string) =>
  until(`job ${jobId} says that it waits`, async () => {
    return WAITING.test((await cluster.rest.jobDetails(jobId))['waiting-for'] ?? '')
  })

t.test(
  'a job that asks for more slots than there are waits, says so, and fails after slot.request.timeout',
  async (t) => {
    const attached = cluster.command('flink', [
      ...['run', '-p', '4', program('socket-words.ts')],
      String(server.port),
    ])
    const jobId = await until('the job is submitted', () => {
      return /JobID ([0-9a-f]{32})/.exec(attached.stdout)?.[1]
    })
    await untilWaiting(jobId)
    const jobs = await cluster.rest.listJobs()
    t.match(jobs.find(({ jid }) => jid === jobId)?.['waiting-for'], WAITING)
    const list = await cluster.flink('list')
    t.equal(list.code, 0)
    t.match(list.stdout, `${jobId} : socket words (RUNNING) waiting for slots: 4 required, 2 `)

    await cluster.untilStatus(jobId, 'FAILED')
    const exception = await cluster.rootException(jobId)
    t.match(exception, 'NoResourceAvailableException [FLINK_NO_RESOURCE_AVAILABLE]: ')
    t.match(exception, '4 slots are required, 2 were available within slot.request.timeout (25 s)')
    const why =
      'the ResourceManager says: 2 slots are missing; 1 TaskManager has 2 slots, 0 of them free.'
    t.match(exception, why)
    const { code, stderr } = await attached.result()
    t.equal(code, 1)
    t.match(stderr, why)
    t.match(
      stderr,
      /NoResourceAvailableException \[FLINK_NO_RESOURCE_AVAILABLE\]: .*4 slots are required, 2 were available/,
    )
  },
)

t.test('a job that waits for slots runs when a TaskManager joins in time', async (t) => {
  const jobId = await submit()
  await untilWaiting(jobId)
  t.match(await cluster.script('taskmanager.sh', 'start'), { code: 0 })
  const job = await cluster.untilStatus(jobId, 'RUNNING')
  t.equal(job['waiting-for'], undefined)
  await cluster.cancel(jobId)
})
