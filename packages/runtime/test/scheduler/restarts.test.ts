import { Configuration, SeededRandom } from '@flink-ts/core'
import { ManualClock } from '@flink-ts/core/testing'
import t from 'tap'
import { ExceptionHistory } from '../../dist/scheduler/exception-history.js'
import {
  ExecutionFailureHandler,
  isNonRecoverable,
} from '../../dist/scheduler/execution-failure-handler.js'
import { RestartAllFailoverStrategy } from '../../dist/scheduler/failover-strategy.js'
import { PendingRestarts } from '../../dist/scheduler/pending-restarts.js'
import { createRestartStrategy } from '../../dist/scheduler/restart-strategy.js'

function strategy(values: Record<string, string>, clock = new ManualClock()) {
  return createRestartStrategy(Configuration.fromMap(values), {
    clock,
    random: new SeededRandom(3),
  })
}

const userError = { name: 'RangeError', message: 'boom' }

t.test('createRestartStrategy knows every alias and the old key', async (t) => {
  for (const name of ['none', 'off', 'disable']) {
    t.equal(strategy({ 'restart-strategy.type': name }).name, 'NoRestartBackoffTimeStrategy')
  }
  t.equal(strategy({}).canRestart(), false, 'none unless set')
  const interval = 'execution.checkpointing.interval'
  t.match(strategy({ [interval]: '10 s' }).name, /^ExponentialDelay/, 'with checkpoints')
  t.equal(strategy({ [interval]: '0 ms' }).name, 'NoRestartBackoffTimeStrategy')
  t.match(
    strategy({ [interval]: '10 s', 'restart-strategy.type': 'none' }).name,
    /^NoRestart/,
    'what is set goes before',
  )
  t.match(strategy({ 'restart-strategy': 'fixeddelay' }).name, /^FixedDelay/)
  t.match(strategy({ 'restart-strategy.type': 'failurerate' }).name, /^FailureRate/)
  t.match(strategy({ 'restart-strategy.type': 'exponentialdelay' }).name, /^ExponentialDelay/)
  t.throws(() => strategy({ 'restart-strategy.type': 'sometimes' }), /sometimes.*fixed-delay/)
})

t.test('fixed-delay restarts as often as attempts says', async (t) => {
  const fixed = strategy({
    'restart-strategy.type': 'fixed-delay',
    'restart-strategy.fixed-delay.attempts': '2',
    'restart-strategy.fixed-delay.delay': '3 s',
  })
  t.equal(
    fixed.name,
    'FixedDelayRestartBackoffTimeStrategy(maxNumberRestartAttempts=2, backoffTimeMS=3000)',
  )
  const allowed = [1, 2, 3].map(() => {
    fixed.notifyFailure()
    return fixed.canRestart()
  })
  t.strictSame(allowed, [true, true, false])
  t.equal(fixed.backoffMs(), 3000)
})

t.test('failure-rate forgets failures older than its interval', async (t) => {
  const clock = new ManualClock()
  const rate = strategy(
    {
      'restart-strategy.type': 'failure-rate',
      'restart-strategy.failure-rate.failure-rate-interval': '10 s',
    },
    clock,
  )
  rate.notifyFailure()
  t.ok(rate.canRestart())
  clock.advance(11_000)
  rate.notifyFailure()
  t.ok(rate.canRestart())
  rate.notifyFailure()
  t.notOk(rate.canRestart())
})

t.test('exponential-delay grows, is capped and starts anew after a quiet time', async (t) => {
  const clock = new ManualClock()
  const growing = strategy(
    {
      'restart-strategy.type': 'exponential-delay',
      'restart-strategy.exponential-delay.jitter-factor': '0',
      'restart-strategy.exponential-delay.backoff-multiplier': '2',
      'restart-strategy.exponential-delay.max-backoff': '5 s',
    },
    clock,
  )
  const fail = () => {
    growing.notifyFailure()
    const backoff = growing.backoffMs()
    clock.advance(backoff)
    return backoff
  }
  t.strictSame([fail(), fail(), fail(), fail(), fail()], [1000, 2000, 4000, 5000, 5000])
  growing.notifyFailure()
  growing.notifyFailure()
  t.equal(growing.backoffMs(), 5000, 'failures during the back-off are the same one')
  clock.advance(3_700_000)
  t.equal(fail(), 1000)
})

t.test(
  'ExecutionFailureHandler words a suppressed recovery as Flink does, and says why',
  async (t) => {
    const handler = new ExecutionFailureHandler({
      failoverStrategy: new RestartAllFailoverStrategy(2),
      restartStrategy: strategy({}),
      numberOfTasks: 2,
    })
    t.match(handler.handleTaskFailure(0, userError, true), {
      kind: 'fail',
      cause: {
        name: 'JobException',
        message:
          'Recovery is suppressed by NoRestartBackoffTimeStrategy: it allows no restart; restart-strategy.type names another one',
        cause: userError,
      },
    })
    const once = new ExecutionFailureHandler({
      failoverStrategy: new RestartAllFailoverStrategy(2),
      restartStrategy: strategy({
        'restart-strategy.type': 'fixed-delay',
        'restart-strategy.fixed-delay.attempts': '1',
      }),
      numberOfTasks: 2,
    })
    t.match(once.handleTaskFailure(0, userError, true), { kind: 'restart' })
    t.match(once.handleTaskFailure(0, userError, true), {
      cause: { message: /^Recovery is suppressed by Fixed.*: .* restarted as often as it allows$/ },
    })
  },
)

t.test('ExecutionFailureHandler never restarts after a non-recoverable error', async (t) => {
  const handler = new ExecutionFailureHandler({
    failoverStrategy: new RestartAllFailoverStrategy(2),
    restartStrategy: strategy({ 'restart-strategy.type': 'fixed-delay' }),
    numberOfTasks: 2,
  })
  const fatal = {
    name: 'E',
    message: 'm',
    cause: { ...userError, code: 'FLINK_SUPPRESS_RESTARTS' },
  }
  t.ok(isNonRecoverable(fatal))
  t.match(handler.handleTaskFailure(0, fatal, true), {
    kind: 'fail',
    cause: { message: 'The failure is not recoverable' },
  })
  t.match(handler.handleTaskFailure(0, userError, true), { kind: 'restart', tasks: [0, 1] })
})

t.test(
  'ExecutionFailureHandler counts afterwards what the loss of a TaskManager did not explain',
  async (t) => {
    const handler = new ExecutionFailureHandler({
      failoverStrategy: new RestartAllFailoverStrategy(1),
      restartStrategy: strategy({ 'restart-strategy.type': 'fixed-delay' }),
      numberOfTasks: 1,
    })
    t.equal(handler.countAfterwards(userError), undefined)
    t.match(handler.countAfterwards(userError), { message: /suppressed by FixedDelay/ })
  },
)

t.test('ExecutionFailureHandler spends no restart on a missing TaskManager', async (t) => {
  const handler = new ExecutionFailureHandler({
    failoverStrategy: new RestartAllFailoverStrategy(1),
    restartStrategy: strategy({ 'restart-strategy.type': 'fixed-delay' }),
    numberOfTasks: 1,
  })
  for (let i = 0; i < 5; i++) {
    t.equal(handler.handleTaskFailure(0, userError, false).kind, 'restart')
  }
  t.equal(handler.handleTaskFailure(0, userError, true).kind, 'restart')
  t.equal(handler.handleTaskFailure(0, userError, true).kind, 'fail')
})

t.test('ExceptionHistory is bounded and keeps concurrent failures with their root', async (t) => {
  const history = new ExceptionHistory(2)
  const entry = (message: string) => ({
    timestampMs: 1,
    error: { name: 'E', message },
    concurrent: [],
  })
  history.addRoot(entry('a'), [0])
  history.addRoot(entry('b'), [0, 1])
  t.ok(history.addConcurrent(entry('b1'), 1))
  t.notOk(history.addConcurrent(entry('x'), 7))
  t.notOk(history.truncated)
  history.addRoot(entry('c'), [0])
  t.ok(history.truncated)
  t.match(history.entries, [
    { error: { message: 'b' }, concurrent: [{ error: { message: 'b1' } }] },
    { error: { message: 'c' }, concurrent: [] },
  ])
})

t.test('PendingRestarts waits for delay and end, and yields to a newer restart', async (t) => {
  const clock = new ManualClock()
  const ready: number[][] = []
  const held: (() => void)[] = []
  let holds = false
  const restarts = new PendingRestarts(
    (delayMs, action) => clock.schedule(delayMs, action),
    (proceed) => (holds ? held.push(proceed) : proceed()),
    (tasks) => ready.push(tasks),
  )
  restarts.add([0, 1], [1], 100)
  clock.advance(100)
  t.strictSame(ready, [], 'task 1 has not ended')
  restarts.add([1, 2], [1, 2], 500)
  t.strictSame(ready, [])
  restarts.taskEnded(1)
  restarts.taskEnded(2)
  clock.advance(0)
  t.strictSame(ready, [[0]], 'the older one goes on without what the newer one took')
  clock.advance(500)
  t.strictSame(ready, [[0], [1, 2]])
  holds = true
  restarts.add([3, 4], [], 0)
  clock.advance(0)
  t.equal(held.length, 1, 'what they begin with is being fixed')
  restarts.add([4], [], 0)
  clock.advance(0)
  held[0]!()
  t.strictSame(ready.at(-1), [3], 'a newer restart has the other')
  restarts.add([3], [], 0)
  restarts.cancelAll()
  held[1]!()
  t.strictSame(ready.at(-1), [3], 'it was given up meanwhile')
  t.ok(restarts.isEmpty)
  t.equal(clock.pendingTimers, 0)
})
