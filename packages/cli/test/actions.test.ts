import {
  ClientOptions,
  Configuration,
  FlinkError,
  SystemClock,
  serializeError,
} from '@flink-ts/core'
import { ManualClock } from '@flink-ts/core/testing'
import type { JobOverviewBody } from '@flink-ts/rest'
import { RestClusterClient, RestConnectionError } from '@flink-ts/rest/client'
import t, { type Test } from 'tap'
import type { Action } from '../dist/actions/action.js'
import { sendHeartbeats, showProgress } from '../dist/actions/attached-job.js'
import { cancelAction } from '../dist/actions/cancel.js'
import { cancelJob } from '../dist/actions/cancel-job.js'
import { checkpointAction } from '../dist/actions/checkpoint.js'
import { listAction } from '../dist/actions/list.js'
import { RestartReasons } from '../dist/actions/restart-reasons.js'
import { runAction } from '../dist/actions/run.js'
import { savepointAction, stopAction } from '../dist/actions/savepoint-actions.js'
import { savepointWords, setSavepoint } from '../dist/actions/savepoint-settings.js'
import { parseArguments } from '../dist/arguments/option-parser.js'
import { clusterSettingWarnings } from '../dist/configuration.js'
import { type FakeRequest, startFakeRestServer } from './support/fake-rest-server.js'
import { TestingTerminal } from './support/testing-terminal.js'

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

/** No session of whoever runs the tests is found. */
const NO_SESSION = Configuration.fromMap({ 'yarn.properties-file.location': '/nowhere' })

async function act(action: Action, words: readonly string[], configuration = new Configuration()) {
  const terminal = new TestingTerminal()
  const code = await action.run(parseArguments(words, action.options), {
    terminal,
    clock: new SystemClock(),
    environment: {},
    workingDirectory: '/',
    configuration: NO_SESSION.clone().merge(configuration),
    onInterrupt: () => () => {},
  })
  return { code, out: terminal.outLines, err: terminal.errLines }
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
    const impatient = new Configuration().set(ClientOptions.CLIENT_TIMEOUT, 30)
    t.match(await act(cancelAction, ['-m', stuck.address, RUNNING_ID], impatient), {
      code: 0,
      out: [
        /^Cancelling/,
        /is being cancelled; its tasks have not all ended yet \(CANCELLING\)\.$/,
      ],
    })
  },
)

const SAVEPOINT = '/s/savepoint-aaaaaa-0123456789ab'

/** Takes triggers, and says after the second question how the operation went. */
function operating(t: Test, operation: unknown = { location: SAVEPOINT, checkpointId: 7 }) {
  let polls = 0
  return startFakeRestServer(t, ({ method }) => {
    if (method === 'POST') return { status: 202, body: { 'request-id': 'e'.repeat(32) } }
    const body = { status: { id: 'COMPLETED' }, operation }
    return { body: polls++ % 2 === 0 ? { status: { id: 'IN_PROGRESS' }, operation: null } : body }
  })
}

const bodyOf = ({ body }: FakeRequest) => JSON.parse(body) as Record<string, unknown>

t.test('flink savepoint: begins one, waits for it, and says where it is', async (t) => {
  const { address, requests } = await operating(t)
  const words = ['-m', address, '-type', 'native', RUNNING_ID, 'to/here']
  const { code, out } = await act(savepointAction, words)
  t.equal(code, 0)
  t.strictSame(out, [
    `Triggering savepoint for job ${RUNNING_ID}.`,
    'Waiting for response...',
    `Savepoint completed. Path: ${SAVEPOINT}`,
    'You can resume your program from this savepoint with the run command.',
  ])
  t.match(requests[0], { method: 'POST', url: `/jobs/${RUNNING_ID}/savepoints` })
  t.match(bodyOf(requests[0]!), { 'target-directory': '/to/here', formatType: 'NATIVE' })
  t.match(requests.at(-1), { url: `/jobs/${RUNNING_ID}/savepoints/${'e'.repeat(32)}` })

  const detached = await act(savepointAction, ['-m', address, '-detached', RUNNING_ID])
  t.strictSame(detached.out, [
    `Triggering savepoint in detached mode for job ${RUNNING_ID}.`,
    `Successfully trigger manual savepoint, triggerId: ${'e'.repeat(32)}`,
  ])
  t.notOk('target-directory' in bodyOf(requests.at(-1)!), 'the configured one')
  await t.rejects(act(savepointAction, ['-m', address, RUNNING_ID, 'a', 'b']), {
    code: 'FLINK_CLI_ARGUMENT',
  })
})

t.test(
  'flink savepoint, stop, checkpoint and savepoint -d wait as long as client.timeout',
  async (t) => {
    const { address } = await startFakeRestServer(t, ({ method }) => {
      if (method === 'POST') return { status: 202, body: { 'request-id': 'e'.repeat(32) } }
      return { body: { status: { id: 'IN_PROGRESS' }, operation: null } }
    })
    const impatient = new Configuration().set(ClientOptions.CLIENT_TIMEOUT, 40)
    for (const [action, ...words] of [
      [savepointAction, RUNNING_ID],
      [stopAction, RUNNING_ID],
      [checkpointAction, RUNNING_ID],
      [savepointAction, '-d', SAVEPOINT],
    ] as const) {
      await t.rejects(act(action, ['-m', address, ...words], impatient), {
        code: 'FLINK_OPERATION_TIMEOUT',
        message: /not over after 40 ms; it may go on/,
      })
    }
  },
)

t.test('flink savepoint -d: disposes of one', async (t) => {
  const { address, requests } = await operating(t, {})
  const { out } = await act(savepointAction, ['-m', address, '-d', SAVEPOINT])
  t.strictSame(out, [
    `Disposing savepoint '${SAVEPOINT}'.`,
    'Waiting for response...',
    `Savepoint '${SAVEPOINT}' disposed.`,
  ])
  t.match(requests[0], { method: 'POST', url: '/savepoint-disposal' })
  t.strictSame(bodyOf(requests[0]!), { 'savepoint-path': SAVEPOINT })
})

t.test('flink stop: suspends or drains', async (t) => {
  const { address, requests } = await operating(t)
  const { out } = await act(stopAction, ['-m', address, '-p', '/to', RUNNING_ID])
  t.strictSame(out, [
    `Suspending job "${RUNNING_ID}" with a CANONICAL savepoint.`,
    `Triggering stop-with-savepoint for job ${RUNNING_ID}.`,
    'Waiting for response...',
    `Savepoint completed. Path: ${SAVEPOINT}`,
  ])
  t.match(requests[0], { method: 'POST', url: `/jobs/${RUNNING_ID}/stop` })
  t.match(bodyOf(requests[0]!), { targetDirectory: '/to', drain: false, formatType: 'CANONICAL' })
  const drained = await act(stopAction, ['-m', address, '-d', '-detached', RUNNING_ID])
  t.strictSame(drained.out, [
    `Draining job "${RUNNING_ID}" with a CANONICAL savepoint.`,
    `Triggering stop-with-savepoint in detached mode for job ${RUNNING_ID}.`,
    `Successfully trigger stop-with-savepoint in detached mode, triggerId: ${'e'.repeat(32)}`,
  ])
  t.match(bodyOf(requests.at(-1)!), { drain: true })
})

t.test('flink checkpoint: takes one now', async (t) => {
  const { address, requests } = await operating(t)
  const { out } = await act(checkpointAction, ['-m', address, RUNNING_ID])
  t.strictSame(out, [
    `Triggering checkpoint for job ${RUNNING_ID}.`,
    'Waiting for response...',
    `Checkpoint 7 for job ${RUNNING_ID} completed.`,
    'You can resume your program from this checkpoint with the run command.',
  ])
  t.match(bodyOf(requests[0]!), { checkpointType: 'CONFIGURED' })
  const full = await act(checkpointAction, ['-m', address, '--full', RUNNING_ID])
  t.equal(full.out[2], `Checkpoint(FULL) 7 for job ${RUNNING_ID} completed.`)
})

t.test('flink cancel -s: the directory may be left out', async (t) => {
  const { address, requests } = await operating(t)
  const { out, err } = await act(cancelAction, ['-m', address, '-s', '/to', RUNNING_ID])
  t.strictSame(out, [
    `Cancelling job ${RUNNING_ID} with CANONICAL savepoint to /to.`,
    `Cancelled job ${RUNNING_ID}. Savepoint stored in ${SAVEPOINT}.`,
  ])
  t.match(err, [/older form; "stop"/])
  t.match(bodyOf(requests[0]!), { 'cancel-job': true, 'target-directory': '/to' })
  await act(cancelAction, ['-m', address, '-s', RUNNING_ID])
  t.match(requests.at(-2), { url: `/jobs/${RUNNING_ID}/savepoints/${'e'.repeat(32)}` })
})

t.test('savepoint, stop, checkpoint, run -s: words that are not right', async (t) => {
  const noId = /^Cannot parse JobID from "abc". The expected format is \[0-9a-fA-F\]\{32\}/
  const calls: [Action, string[], RegExp][] = [
    [savepointAction, [], /^Missing JobID. Specify a Job ID to trigger a savepoint.$/],
    [checkpointAction, [], /^Missing JobID. Specify a Job ID to manipulate a checkpoint.$/],
    [savepointAction, ['abc'], noId],
    [checkpointAction, ['abc'], noId],
    [stopAction, ['-type', 'parquet', RUNNING_ID], /^Unknown savepoint format "parquet": expected/],
    [runAction, ['-s', '/s', '-cm', 'mine', 'a.ts'], /^Unknown claim mode "mine": expected claim/],
    [runAction, ['-n', 'a.ts'], /^Options on a savepoint need one: --fromSavepoint <path>$/],
  ]
  for (const [action, words, message] of calls) {
    await t.rejects(act(action, words), { code: 'FLINK_CLI_ARGUMENT', message })
  }
})

t.test('setSavepoint: the words of a command line go over the configuration', async (t) => {
  const words = ['-s', 'sp', '-n', '-rm', 'CLAIM', 'a.ts']
  const configuration = new Configuration()
  setSavepoint(configuration, savepointWords(parseArguments(words, runAction.options)), '/here')
  t.strictSame(configuration.toMap(), {
    'execution.state-recovery.path': '/here/sp',
    'execution.state-recovery.claim-mode': 'CLAIM',
    'execution.state-recovery.ignore-unclaimed-state': 'true',
  })
  const configured = Configuration.fromMap({ 'execution.savepoint.path': 's3://b/sp' })
  setSavepoint(configured, savepointWords(parseArguments(['-n'], runAction.options)), '/here')
  t.match(configured.toMap(), { 'execution.state-recovery.ignore-unclaimed-state': 'true' })
})

t.test('flink savepoint: why it failed is in the causes', async (t) => {
  const cause = serializeError(new FlinkError('no', { code: 'FLINK_CHECKPOINT_FAILED' }))
  const { address } = await operating(t, {
    'failure-cause': {
      class: 'FlinkError',
      'stack-trace': 'FlinkError: no',
      'serialized-throwable': Buffer.from(JSON.stringify(cause)).toString('base64'),
    },
  })
  await t.rejects(act(savepointAction, ['-m', address, RUNNING_ID]), {
    code: 'FLINK_OPERATION_FAILED',
    cause: { code: 'FLINK_CHECKPOINT_FAILED', message: 'no' },
  })
})

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

t.test('RestartReasons: each failure is told once, with its innermost cause', async (t) => {
  const clock = new ManualClock()
  const entry = (timestamp: number, taskName: string | null, stacktrace: string) => ({
    exceptionName: 'E',
    stacktrace,
    timestamp,
    taskName,
    failureLabels: {},
    endpoint: null,
    taskManagerId: null,
  })
  const entries = [
    entry(1, 'Map (1/2)', 'E: outer\n    at x\nCaused by: RangeError: no 1\n    at y'),
  ]
  const reasons = new RestartReasons({
    jobId: RUNNING_ID,
    clock,
    client: {
      jobExceptions: async () => ({
        exceptionHistory: { entries: [...entries], truncated: false },
      }),
    },
  })
  t.equal(await reasons.next(), 'Map (1/2): RangeError: no 1')
  const second = reasons.next()
  await new Promise((resolve) => setImmediate(resolve))
  entries.unshift(entry(2, null, 'TimeoutError: too late'))
  clock.advance(500)
  t.equal(await second, 'TimeoutError: too late', 'the answer that was old is not told again')
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

const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

/** Moves time until `condition` holds. */
async function advanceUntil(clock: ManualClock, stepMs: number, condition: () => boolean) {
  while (!condition()) {
    clock.advance(stepMs)
    await turn()
  }
}

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

t.test('sendHeartbeats: until it is ended, each says how long the next may take', async (t) => {
  const { address, requests } = await startFakeRestServer(t, () => ({ status: 202, body: {} }))
  const clock = new ManualClock(1000)
  const terminal = new TestingTerminal()
  const end = sendHeartbeats({
    jobId: RUNNING_ID,
    client: new RestClusterClient({ address, clock }),
    clock,
    terminal,
    intervalMs: 30_000,
    timeoutMs: 180_000,
  })
  await advanceUntil(clock, 1000, () => requests.length >= 3)
  end()
  t.equal(requests[0]!.url, `/jobs/${RUNNING_ID}/clientHeartbeat`)
  const expires = requests.map(
    ({ body }: FakeRequest) => (JSON.parse(body) as { expiredTimestamp: number }).expiredTimestamp,
  )
  t.equal(expires[0], 181_000)
  t.ok(expires[1]! >= 211_000 && expires[2]! >= 241_000, expires.join())
  t.strictSame(terminal.errLines, [])
})

t.test('sendHeartbeats: a cluster that is away is told once', async (t) => {
  let answers = 0
  const { address } = await startFakeRestServer(t, () => {
    answers++
    return { status: 500, body: { errors: ['broken'] } }
  })
  const clock = new ManualClock()
  const terminal = new TestingTerminal()
  const end = sendHeartbeats({
    jobId: RUNNING_ID,
    client: new RestClusterClient({ address, clock }),
    clock,
    terminal,
    intervalMs: 10,
    timeoutMs: 20,
  })
  await advanceUntil(clock, 10, () => answers >= 4)
  end()
  t.equal(terminal.errLines.length, 1)
  t.match(terminal.errLines[0], /^Heartbeat to the cluster failed: .*broken/)
})

t.test(
  'showProgress: one line on a terminal with the state, what is waited for, and records',
  async (t) => {
    const vertex = (name: string, read: number, written: number, finished: number) => ({
      name,
      parallelism: 2,
      tasks: { FINISHED: finished },
      metrics: { 'read-records': read, 'write-records': written },
    })
    const { address } = await startFakeRestServer(t, () => ({
      body: {
        state: 'RUNNING',
        'waiting-for': 'slots',
        vertices: [
          vertex('lines', 0, 1_234_567, 2),
          vertex('a name that is far too long', 999, 0, 0),
        ],
      },
    }))
    const clock = new ManualClock()
    const terminal = new TestingTerminal(true)
    const client = new RestClusterClient({ address, clock })
    const end = showProgress({ jobId: RUNNING_ID, client, terminal, clock })
    await advanceUntil(clock, 500, () => terminal.progressLines.length > 0)
    end()
    t.equal(
      terminal.progressLines[0],
      'RUNNING slots | lines 1.2M (2/2 finished) → a name that is far too … 999 records',
    )
    t.equal(terminal.progressLines.at(-1), '', 'the line is taken away at the end')
    t.equal(clock.pendingTimers, 0)

    const quiet = new TestingTerminal(false)
    const endQuiet = showProgress({ jobId: RUNNING_ID, client, terminal: quiet, clock })
    await advanceUntil(clock, 500, () => quiet.errLines.length > 0)
    endQuiet()
    t.strictSame(quiet.errLines, [`Job ${RUNNING_ID} is slots.`], 'only what it waits for')
  },
)
