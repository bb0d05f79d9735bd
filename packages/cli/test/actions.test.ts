import { ClientOptions, Configuration } from '@flink-ts/core'
import { ManualClock } from '@flink-ts/core/testing'
import type { JobOverviewBody } from '@flink-ts/rest'
import { RestConnectionError } from '@flink-ts/rest/client'
import t, { type Test } from 'tap'
import { cancelAction } from '../dist/actions/cancel.js'
import { cancelJob } from '../dist/actions/cancel-job.js'
import { listAction } from '../dist/actions/list.js'
import { parseArguments } from '../dist/arguments/option-parser.js'
import { clusterSettingWarnings } from '../dist/configuration.js'
import { act } from './support/act.js'
import { startFakeRestServer } from './support/fake-rest-server.js'

const RUNNING_ID = 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'
const OLDER_ID = 'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb'
const WAITING_ID = 'cccccccccccccccccccccccccccccccc'
const ENDED_ID = 'dddddddddddddddddddddddddddddddd'

/** 21.11.2026 08:49:38 where the test runs. */
const STARTED_MS = new Date(2026, 10, 21, 8, 49, 38).getTime()

function job(jid: string, state: string, more: Partial<JobOverviewBody> = {}): JobOverviewBody {
  return {
    jid,
    name: 'WordCount',
    jobType: 'STREAMING',
    schedulerType: 'Default',
    'start-time': STARTED_MS,
    'end-time': -1,
    duration: 0,
    state,
    'last-modification': STARTED_MS,
    tasks: { total: 0 },
    'pending-operators': 0,
    ...more,
  }
}

async function listed(t: Test, jobs: readonly JobOverviewBody[], ...words: string[]) {
  const { address } = await startFakeRestServer(t, ({ url }) =>
    url === '/jobs/overview' ? { body: { jobs } } : undefined,
  )
  const { code, out } = await act(listAction, ['-m', address, ...words])
  t.equal(code, 0)
  t.equal(out[0], 'Waiting for response...')
  return out.slice(1)
}

const JOBS = [
  job(RUNNING_ID, 'RUNNING'),
  job(OLDER_ID, 'RESTARTING', { name: 'older', 'start-time': STARTED_MS - 1000 }),
  job(WAITING_ID, 'CREATED', { 'waiting-for': 'needs 4 slots, 2 are free' }),
  job(ENDED_ID, 'FAILED'),
]
const RUNNING_BLOCK = [
  '------------------ Running/Restarting Jobs -------------------',
  `21.11.2026 08:49:37 : ${OLDER_ID} : older (RESTARTING)`,
  `21.11.2026 08:49:38 : ${RUNNING_ID} : WordCount (RUNNING)`,
  '-'.repeat(62),
]
const SCHEDULED_BLOCK = [
  '----------------------- Scheduled Jobs -----------------------',
  `21.11.2026 08:49:38 : ${WAITING_ID} : WordCount (CREATED) needs 4 slots, 2 are free`,
  '-'.repeat(62),
]
const ENDED_BLOCK = [
  '---------------------- Terminated Jobs -----------------------',
  `21.11.2026 08:49:38 : ${ENDED_ID} : WordCount (FAILED)`,
  '-'.repeat(62),
]

t.test('flink list: running and scheduled jobs, the oldest first', async (t) => {
  t.strictSame(await listed(t, JOBS), [...RUNNING_BLOCK, ...SCHEDULED_BLOCK])
})

t.test('flink list -r, -s and -a show their part', async (t) => {
  t.strictSame(await listed(t, JOBS, '-r'), RUNNING_BLOCK)
  t.strictSame(await listed(t, JOBS, '-s'), SCHEDULED_BLOCK)
  t.strictSame(await listed(t, JOBS, '-a'), [...RUNNING_BLOCK, ...SCHEDULED_BLOCK, ...ENDED_BLOCK])
})

t.test('flink list: says so when there are none', async (t) => {
  t.strictSame(await listed(t, []), ['No running jobs.', 'No scheduled jobs.'])
  t.strictSame(await listed(t, [], '-r'), ['No running jobs.'])
  t.strictSame(await listed(t, [], '-s'), ['No scheduled jobs.'])
})

/** Takes a cancellation, and answers the statuses one after the other, the last one for ever. */
const cancelling = (t: Test, ...statuses: string[]) =>
  startFakeRestServer(t, ({ method }) => {
    if (method === 'PATCH') return { status: 202, body: {} }
    return { body: { status: statuses.length > 1 ? statuses.shift() : statuses[0] } }
  })

t.test('flink cancel: asks for it, and says so when it is so', async (t) => {
  const { address, requests } = await cancelling(t, 'RUNNING', 'CANCELLING', 'CANCELED')
  const { code, out } = await act(cancelAction, ['-m', address, RUNNING_ID.toUpperCase()])
  t.equal(code, 0)
  t.strictSame(out, [`Cancelling job ${RUNNING_ID}.`, `Cancelled job ${RUNNING_ID}.`])
  t.match(requests[0], { method: 'PATCH', url: `/jobs/${RUNNING_ID}?mode=cancel` })
  t.equal(requests.length, 4)
})

t.test(
  'flink cancel: a job that comes to another end, or takes longer, is told as it is',
  async (t) => {
    const finished = await cancelling(t, 'CANCELLING', 'FINISHED')
    t.match(await act(cancelAction, ['-m', finished.address, RUNNING_ID]), {
      code: 1,
      out: [/^Cancelling/, `Job ${RUNNING_ID} came to its end before it was cancelled: FINISHED.`],
    })
    const stuck = await cancelling(t, 'CANCELLING')
    const impatient = new Configuration().set(ClientOptions.CLIENT_TIMEOUT, 1_000)
    t.match(
      await act(cancelAction, ['-m', stuck.address, RUNNING_ID], { configuration: impatient }),
      {
        code: 0,
        out: [
          /^Cancelling/,
          /is being cancelled; its tasks have not all ended yet \(CANCELLING\)\.$/,
        ],
      },
    )
  },
)

t.test('flink cancel: a cluster that ends with its job is no failure', async (t) => {
  const lines: string[] = []
  const code = await cancelJob({
    jobId: RUNNING_ID,
    clock: new ManualClock(),
    patienceMs: 1000,
    tell: (line = '') => lines.push(line),
    client: {
      cancelJob: async () => {},
      jobStatus: () => Promise.reject(new RestConnectionError('refused', 'h:1')),
    },
  })
  t.equal(code, 0)
  t.match(lines, [/is being cancelled; its cluster does not answer any more\.$/])
})

t.test('flink cancel: the refusal of the cluster is what it fails with', async (t) => {
  const message = 'Job cancellation failed because the job has already reached another state.'
  const { address } = await startFakeRestServer(t, () => ({
    status: 409,
    body: { errors: [message] },
  }))
  await t.rejects(act(cancelAction, ['-m', address, RUNNING_ID]), {
    code: 'FLINK_REST_CLIENT',
    message: new RegExp(message),
  })
})

t.test('clusterClient: what answers may be no JobManager at all', async (t) => {
  const { address } = await startFakeRestServer(t, () => ({ body: '<html>hello</html>' }))
  await t.rejects(act(listAction, ['-m', address]), {
    code: 'FLINK_REST_CONNECTION',
    message: new RegExp(`What answers at ${address} is no Flink REST endpoint`),
  })
})

t.test('clusterClient: addresses that are none are refused before a call', async (t) => {
  for (const address of [
    'localhost',
    'localhost:',
    ':8081',
    'a b:1',
    'host:99999',
    'host:8081/x',
  ]) {
    await t.rejects(act(listAction, ['-m', address]), {
      code: 'FLINK_CLI_ARGUMENT',
      message: `Cannot use the JobManager address "${address}": expected host:port, such as localhost:8081`,
    })
  }
  await t.rejects(act(listAction, ['-t', 'moon']), {
    message:
      /^Unknown target "moon": expected remote, local, or <cluster manager>-session\|per-job\|application/,
  })
  await t.rejects(act(listAction, ['-t', 'local']), {
    message: 'The target "local" has no cluster to talk to.',
  })
})

t.test('clusterSettingWarnings: what a running cluster does not read from a job', (t) => {
  const words = [
    ...['-Dslot.request.timeout=5 s', '-Djobmanager.rpc.address=other', '-Drest.port=1'],
    '-Dpipeline.max-parallelism=4',
  ]
  t.strictSame(clusterSettingWarnings(parseArguments(words, listAction.options)), [
    "'slot.request.timeout' is not for jobs: the cluster reads it from its own configuration",
  ])
  t.end()
})
