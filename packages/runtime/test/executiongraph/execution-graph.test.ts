import { noopLogger, SeededRandom } from '@flink-ts/core'
import { ManualClock } from '@flink-ts/core/testing'
import {
  aggregateExecutionState,
  applicationStatusOf,
  EXECUTION_STATE_TRANSITIONS,
  type ExecutionState,
  isGloballyTerminalJobStatus,
  isTerminalExecutionState,
  isTerminalJobStatus,
  JOB_STATUS_TRANSITIONS,
  type JobStatus,
  type TransitionTable,
} from '@flink-ts/runtime'
import fc from 'fast-check'
import t from 'tap'
// Not part of the package's interface: tested where they live.
import { EdgeDistribution } from '../../dist/executiongraph/edge-distribution.js'
import { ExecutionGraph } from '../../dist/executiongraph/execution-graph.js'
import { StateMachine } from '../../dist/executiongraph/state-machine.js'
import { edge, hex, jobGraph, vertex } from '../testing/job-graphs.js'

function machine<S extends string>(table: TransitionTable<S>, initial: S) {
  const lines: unknown[] = []
  const log = { ...noopLogger, info: (_: string, fields?: unknown) => void lines.push(fields) }
  const clock = new ManualClock(5)
  const options = { subject: 'Thing', ids: { id: 'x1' }, table, initial, clock, log }
  return { clock, lines, machine: new StateMachine<S>(options) }
}

function checkTable<S extends string>(
  test: Pick<typeof t, 'equal' | 'throws' | 'strictSame'>,
  table: TransitionTable<S>,
) {
  const states = Object.keys(table) as S[]
  for (const from of states) {
    for (const to of states) {
      const { machine: m, lines } = machine(table, from)
      if (table[from].includes(to)) {
        m.transitionTo(to)
        test.equal(m.state, to)
        test.strictSame(lines, [{ id: 'x1', from, to }], 'each transition is logged with ids')
      } else {
        test.throws(() => m.transitionTo(to), /x1.*cannot go from/, `${from} to ${to}`)
        test.equal(m.state, from, 'an illegal move changes nothing')
      }
    }
  }
}

t.test('StateMachine allows exactly what the table of execution states allows', async (t) => {
  checkTable<ExecutionState>(t, EXECUTION_STATE_TRANSITIONS)
  const terminal = Object.keys(EXECUTION_STATE_TRANSITIONS).filter((state) =>
    isTerminalExecutionState(state as ExecutionState),
  )
  t.strictSame(terminal.sort(), ['CANCELED', 'FAILED', 'FINISHED'])
})

t.test('StateMachine allows exactly what the table of job states allows', async (t) => {
  checkTable<JobStatus>(t, JOB_STATUS_TRANSITIONS)
  const states = Object.keys(JOB_STATUS_TRANSITIONS) as JobStatus[]
  t.strictSame(states.filter(isTerminalJobStatus).sort(), [
    'CANCELED',
    'FAILED',
    'FINISHED',
    'SUSPENDED',
  ])
  t.notOk(isGloballyTerminalJobStatus('SUSPENDED'))
  t.equal(applicationStatusOf('FINISHED'), 'SUCCEEDED')
  t.equal(applicationStatusOf('SUSPENDED'), 'UNKNOWN')
})

t.test('StateMachine keeps when each state was entered', async (t) => {
  const { machine: m, clock } = machine(EXECUTION_STATE_TRANSITIONS, 'CREATED')
  clock.advance(10)
  m.transitionTo('SCHEDULED')
  t.match(m.timestamps, { CREATED: 5, SCHEDULED: 15, RUNNING: 0 })
})

t.test('aggregateExecutionState is what Flink derives', async (t) => {
  const of = (...states: ExecutionState[]) => aggregateExecutionState(states)
  t.equal(of('FINISHED', 'FAILED', 'RUNNING'), 'FAILED')
  t.equal(of('CANCELED', 'CANCELING'), 'CANCELING')
  t.equal(of('CANCELED', 'RUNNING'), 'CANCELED')
  t.equal(of('INITIALIZING', 'RUNNING'), 'INITIALIZING')
  t.equal(of('FINISHED', 'RUNNING'), 'RUNNING')
  t.equal(of('FINISHED', 'CREATED'), 'RUNNING')
  t.equal(of('FINISHED', 'FINISHED'), 'FINISHED')
  t.equal(of('SCHEDULED', 'DEPLOYING'), 'CREATED')
})

t.test('EdgeDistribution gives every subpartition exactly one reader', async () => {
  fc.assert(
    fc.property(
      fc.constantFrom('RESCALE', 'HASH', 'BROADCAST', 'FORWARD'),
      fc.integer({ min: 1, max: 12 }),
      fc.integer({ min: 1, max: 12 }),
      (partitioner, producers, wanted) => {
        const consumers = partitioner === 'FORWARD' ? producers : wanted
        const distribution = new EdgeDistribution(partitioner as 'HASH', producers, consumers)
        const readers = new Map<string, number>()
        for (let consumer = 0; consumer < consumers; consumer++) {
          const input = distribution.consumedBy(consumer)
          if (input.producers.length === 0) throw new Error('a consumer reads something')
          for (const producer of input.producers) {
            for (let s = input.subpartitions.first; s <= input.subpartitions.last; s++) {
              const key = `${producer}/${s}`
              readers.set(key, (readers.get(key) ?? 0) + 1)
            }
          }
        }
        let subpartitions = 0
        for (let producer = 0; producer < producers; producer++) {
          const count = distribution.numberOfSubpartitions(producer)
          if (count < 1) throw new Error('a producer has a reader')
          subpartitions += count
          for (let s = 0; s < count; s++) {
            if (readers.get(`${producer}/${s}`) !== 1) throw new Error(`${producer}/${s}`)
          }
        }
        if (subpartitions !== readers.size) throw new Error('nothing else is read')
      },
    ),
  )
})

t.test('EdgeDistribution joins FORWARD subtasks of equal index', async (t) => {
  const forward = new EdgeDistribution('FORWARD', 3, 3)
  t.strictSame(forward.consumedBy(2), { producers: [2], subpartitions: { first: 0, last: 0 } })
  t.throws(() => new EdgeDistribution('FORWARD', 3, 2), /equal parallelism/)
})

t.test('ExecutionGraph numbers attempts and forgets the oldest beyond its history', async (t) => {
  const graph = new ExecutionGraph({
    jobGraph: jobGraph([vertex(1, 2), vertex(2, 1)], [edge(1, 2)]),
    clock: new ManualClock(9),
    random: new SeededRandom(1),
    log: noopLogger,
    attemptsHistorySize: 2,
    restartStrategy: 'text',
  })
  t.equal(graph.vertices.length, 3)
  const subtask = graph.vertices[1]!
  t.equal(subtask.current.taskName, 'v1 (2/2)')
  t.equal(subtask.current.attemptId, `${graph.executionGraphId}_${hex(1)}_1_0`)
  const first = subtask.current.attemptId
  t.throws(() => graph.resetVertex(subtask), /has ended/)
  for (let i = 0; i < 4; i++) {
    subtask.current.transitionTo('CANCELED')
    graph.resetVertex(subtask)
  }
  t.equal(subtask.current.attemptNumber, 4)
  t.strictSame(
    subtask.history.map(({ attemptNumber }) => attemptNumber),
    [2, 3],
  )
  t.equal(graph.currentExecution(first), undefined, 'an old attempt is not current')
  t.equal(graph.currentExecution(subtask.current.attemptId), subtask.current)
  const info = graph.toInfo({ exceptionHistory: [], exceptionHistoryTruncated: false })
  t.match(info, { status: 'INITIALIZING', startTimeMs: 9, endTimeMs: -1, parallelism: 2 })
  t.match(info.timestamps, { INITIALIZING: 9, RUNNING: 0 })
  t.strictSame(JSON.parse(JSON.stringify(info)), info, 'it is plain JSON')
})
