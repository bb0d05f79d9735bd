import { ManualClock } from '@flink-ts/core/testing'
import { RestClusterClient } from '@flink-ts/rest/client'
import t from 'tap'
import { sendHeartbeats, showProgress } from '../dist/actions/attached-job.js'
import { RestartReasons } from '../dist/actions/restart-reasons.js'
import { type FakeRequest, startFakeRestServer } from './support/fake-rest-server.js'
import { TestingTerminal } from './support/testing-terminal.js'

const RUNNING_ID = 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'

const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

/** Moves time until `condition` holds. */
async function advanceUntil(clock: ManualClock, stepMs: number, condition: () => boolean) {
  while (!condition()) {
    clock.advance(stepMs)
    await turn()
  }
}

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
