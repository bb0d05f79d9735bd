import {
  type FileSystems,
  MalformedDataError,
  noopLogger,
  SeededRandom,
  type Source,
  type SourceSplit,
  type SplitEnumerator,
  type SplitEnumeratorContext,
} from '@flink-ts/core'
import { ManualClock } from '@flink-ts/core/testing'
import { RpcTimeoutError } from '@flink-ts/rpc'
import {
  type CoordinatorEvent,
  decodeCoordinatorEvent,
  decodeReaderEvent,
  encodeCoordinatorEvent,
  encodeReaderEvent,
  type OperatorEventRequest,
  type ReaderEvent,
} from '@flink-ts/runtime'
import fc from 'fast-check'
import t from 'tap'
import { ExecutionGraph } from '../../dist/executiongraph/execution-graph.js'
import {
  OperatorCoordinators,
  type RestoredCoordinators,
} from '../../dist/jobmaster/coordination/operator-coordinators.js'
import { SourceCoordinator } from '../../dist/jobmaster/coordination/source-coordinator.js'
import { SourceOperator } from '../../dist/operators/source-operator.js'
import { settle } from '../testing/cluster.js'
import { hex, jobGraph, vertex } from '../testing/job-graphs.js'

const bytes = fc.uint8Array({ maxLength: 20 })

t.test('source events survive the wire', async (t) => {
  const readerEvents: fc.Arbitrary<ReaderEvent> = fc.oneof(
    fc.record({
      type: fc.constantFrom('register' as const, 'requestSplit' as const),
      host: fc.string({ unit: 'grapheme' }),
    }),
    fc.record({ type: fc.constant('sourceEvent' as const), event: bytes }),
  )
  fc.assert(
    fc.property(readerEvents, (event) => {
      t.same(decodeReaderEvent(encodeReaderEvent(event)), event)
    }),
  )
  const coordinatorEvents: fc.Arbitrary<CoordinatorEvent> = fc.oneof(
    fc.record({
      type: fc.constant('addSplits' as const),
      version: fc.integer(),
      splits: fc.array(bytes, { maxLength: 4 }),
    }),
    fc.constant({ type: 'noMoreSplits' as const }),
    fc.record({ type: fc.constant('sourceEvent' as const), event: bytes }),
  )
  fc.assert(
    fc.property(coordinatorEvents, (event) => {
      t.same(decodeCoordinatorEvent(encodeCoordinatorEvent(event)), event)
    }),
  )
})

t.test('damaged source events are refused, whatever they are', async (t) => {
  const whole = encodeCoordinatorEvent({
    type: 'addSplits',
    version: 1,
    splits: [new Uint8Array(3), new Uint8Array(2)],
  })
  for (let length = 0; length < whole.length; length++) {
    t.throws(() => decodeCoordinatorEvent(whole.subarray(0, length)), MalformedDataError)
  }
  t.throws(() => decodeReaderEvent(Uint8Array.of(99)), /unknown type 99/)
  t.throws(() => decodeReaderEvent(Uint8Array.of(1, 0xff)), /UTF-8/)
})

interface TestSplit extends SourceSplit {}

function setUp(parallelism: number) {
  const clock = new ManualClock()
  const graph = new ExecutionGraph({
    jobGraph: jobGraph([vertex(1, parallelism)]),
    clock,
    random: new SeededRandom(1),
    log: noopLogger,
    attemptsHistorySize: 5,
    restartStrategy: '',
  })
  const calls: unknown[][] = []
  const contexts: SplitEnumeratorContext<TestSplit>[] = []
  const source: Source<unknown, TestSplit> = {
    boundedness: 'BOUNDED',
    createReader: () => {
      throw new Error('not here')
    },
    createEnumerator: (context) => {
      contexts.push(context)
      const record =
        (name: string) =>
        (...args: unknown[]) =>
          void calls.push([name, ...args])
      return {
        start: record('start'),
        handleSplitRequest: record('request'),
        addSplitsBack: record('back'),
        addReader: record('reader'),
        handleSourceEvent: record('event'),
        snapshotState: () => 'found',
        notifyCheckpointComplete: record('complete'),
        close: record('close'),
      } satisfies SplitEnumerator<TestSplit, unknown>
    },
    restoreEnumerator: (context, checkpoint) => {
      calls.push(['restore', checkpoint])
      return source.createEnumerator(context)
    },
    splitSerializer: {
      version: 4,
      serialize: ({ splitId }) => Buffer.from(splitId),
      deserialize: (_, data) => ({ splitId: Buffer.from(data).toString() }),
    },
    enumeratorCheckpointSerializer: {
      version: 1,
      serialize: (value) => Buffer.from(`${value}`),
      deserialize: (version, data) => `${version} ${Buffer.from(data)}`,
    },
  }
  const sent: { subtask: number; sequence: number; event: CoordinatorEvent }[] = []
  const failures: unknown[] = []
  const link = { error: undefined as Error | undefined }
  const kept = { oldest: 0n }
  const coordinators = new OperatorCoordinators({
    graph: () => graph,
    factories: new Map([
      [hex(0x101), (context) => new SourceCoordinator(source, context, {} as FileSystems)],
    ]),
    sendToTask: async (execution, { sequence, payload }) => {
      const event = decodeCoordinatorEvent(payload)
      sent.push({ subtask: execution.subtaskIndex, sequence, event })
      if (link.error !== undefined) throw link.error
    },
    failTask: (execution, error) => failures.push([execution.subtaskIndex, error]),
    failJob: (error) => failures.push(error),
    oldestKept: () => kept.oldest,
    schedule: (delayMs, action) => clock.schedule(delayMs, action),
    execute: (action) => queueMicrotask(action),
    log: noopLogger,
  })
  coordinators.start()
  let sequence = 0
  const event = (subtask: number, e: ReaderEvent, number = sequence++): OperatorEventRequest => ({
    executionAttemptId: graph.vertices[subtask]!.current.attemptId,
    operatorId: hex(0x101),
    sequence: number,
    payload: encodeReaderEvent(e),
  })
  const restart = (subtasks: number[], restored?: RestoredCoordinators) => {
    const vertices = subtasks.map((subtask) => graph.vertices[subtask]!)
    for (const v of vertices) {
      v.current.transitionTo('CANCELED')
      coordinators.executionEnded(v)
      graph.resetVertex(v)
    }
    coordinators.subtasksReset(vertices, restored)
    sequence = 0
  }
  return {
    clock,
    graph,
    calls,
    contexts,
    sent,
    failures,
    link,
    kept,
    coordinators,
    event,
    restart,
  }
}

t.test('SourceCoordinator brings reader and enumerator together', async (t) => {
  const { calls, contexts, sent, coordinators, event } = setUp(1)
  contexts[0]!.assignSplit({ splitId: 'early' }, 0)
  await settle()
  t.strictSame(sent, [], 'nothing is sent before the reader is there')
  coordinators.handleEvent(event(0, { type: 'register', host: 'h' }))
  coordinators.handleEvent(event(0, { type: 'requestSplit', host: 'h' }))
  t.strictSame(calls, [['start'], ['reader', 0], ['request', 0, 'h']])
  t.strictSame([...contexts[0]!.registeredReaders()], [0])
  contexts[0]!.signalNoMoreSplits(0)
  await settle()
  t.match(sent, [
    { sequence: 0, event: { type: 'addSplits', version: 4 } },
    { sequence: 1, event: { type: 'noMoreSplits' } },
  ])
  coordinators.close()
  await settle()
  t.strictSame(calls.at(-1), ['close'])
})

t.test(
  'SourceCoordinator: an enumerator may have something looked at again and again',
  async (t) => {
    const { clock, contexts, coordinators } = setUp(1)
    let looks = 0
    const seen: unknown[] = []
    contexts[0]!.callAsync(
      async () => ++looks,
      (look) => void seen.push(look),
      1000,
    )
    for (let i = 0; i < 3; i++) {
      await settle()
      clock.advance(1000)
    }
    await settle()
    t.strictSame(seen, [1, 2, 3, 4])
    coordinators.close()
    t.equal(clock.pendingTimers, 0)
  },
)

t.test('OperatorCoordinators drop repeated events and refuse gaps', async (t) => {
  const { calls, coordinators, event } = setUp(1)
  coordinators.handleEvent(event(0, { type: 'register', host: 'h' }, 0))
  coordinators.handleEvent(event(0, { type: 'register', host: 'h' }, 0))
  t.equal(calls.length, 2)
  t.throws(() => coordinators.handleEvent(event(0, { type: 'register', host: 'h' }, 2)), {
    code: 'FLINK_OPERATOR_EVENT_REFUSED',
  })
  const unknown = { ...event(0, { type: 'register', host: 'h' }), executionAttemptId: 'x' }
  t.throws(() => coordinators.handleEvent(unknown), /does not run/)
})

t.test('OperatorCoordinators repeat an event under its number until it arrives', async (t) => {
  const { clock, contexts, sent, link, coordinators, event } = setUp(1)
  coordinators.handleEvent(event(0, { type: 'register', host: 'h' }))
  link.error = new RpcTimeoutError({ target: 'x', timeoutMs: 1 })
  contexts[0]!.assignSplit({ splitId: 'a' }, 0)
  contexts[0]!.assignSplit({ splitId: 'b' }, 0)
  await settle()
  t.equal(sent.length, 1, 'one call at a time')
  clock.advance(100)
  await settle()
  link.error = undefined
  clock.advance(200)
  await settle()
  t.strictSame(
    sent.map(({ sequence }) => sequence),
    [0, 0, 0, 1],
  )
  coordinators.close()
  t.equal(clock.pendingTimers, 0)
})

t.test('OperatorCoordinators fail the task that refuses an event', async (t) => {
  const { contexts, failures, link, coordinators, event } = setUp(1)
  coordinators.handleEvent(event(0, { type: 'register', host: 'h' }))
  link.error = new Error('cannot take it')
  contexts[0]!.assignSplit({ splitId: 'a' }, 0)
  await settle()
  t.strictSame(failures, [[0, link.error]])
})

t.test('SourceCoordinator gives the splits of one restarted reader back', async (t) => {
  const { calls, contexts, sent, coordinators, event, restart } = setUp(2)
  coordinators.handleEvent(event(0, { type: 'register', host: 'h' }, 0))
  coordinators.handleEvent(event(1, { type: 'register', host: 'h' }, 0))
  contexts[0]!.assignSplit({ splitId: 'a' }, 0)
  contexts[0]!.assignSplit({ splitId: 'b' }, 1)
  restart([0])
  t.strictSame(calls.at(-1), ['back', [{ splitId: 'a' }], 0])
  t.strictSame([...contexts[0]!.registeredReaders()], [1])
  t.equal(contexts.length, 1)
  coordinators.handleEvent(event(0, { type: 'register', host: 'h' }))
  contexts[0]!.assignSplit({ splitId: 'a' }, 0)
  await settle()
  t.match(sent.at(-1), { subtask: 0, sequence: 0 }, 'numbers begin anew with each attempt')
})

t.test('SourceCoordinator begins anew when all readers restart', async (t) => {
  const { calls, contexts, sent, restart, failures } = setUp(2)
  let finish: (value: string) => void = () => {}
  const handled: unknown[] = []
  contexts[0]!.callAsync(
    () => new Promise<string>((resolve) => (finish = resolve)),
    (result) => handled.push(result),
  )
  await settle()
  restart([0, 1])
  t.equal(contexts.length, 2)
  finish('late')
  contexts[0]!.assignSplit({ splitId: 'old' }, 0)
  await settle()
  t.strictSame(handled, [], 'what the former enumerator began does not matter any more')
  t.strictSame(sent, [])
  t.ok(calls.some(([name]) => name === 'close'))
  contexts[1]!.callAsync(
    async () => {
      throw new Error('disk')
    },
    (_, error) => {
      throw error
    },
  )
  await settle()
  t.match(failures, [{ message: 'disk' }], 'an enumerator that fails fails the job')
})

t.test('OperatorCoordinators hold events behind a cut until the trigger has arrived', async (t) => {
  const { contexts, sent, link, coordinators, event, clock, graph } = setUp(2)
  for (const subtask of [0, 1]) {
    coordinators.handleEvent(event(subtask, { type: 'register', host: 'h' }, 0))
  }
  link.error = new RpcTimeoutError({ target: 'a task', timeoutMs: 10 })
  contexts[0]!.assignSplit({ splitId: 'before' }, 0)
  let states: ReadonlyMap<string, Uint8Array> | undefined
  const snapshot = coordinators.checkpoint(1n).then((result) => (states = result))
  contexts[0]!.assignSplit({ splitId: 'behind' }, 0)
  contexts[0]!.assignSplit({ splitId: 'other' }, 1)
  await settle()
  t.equal(states, undefined, 'what was sent before has not arrived')
  t.equal(sent.length, 1)
  link.error = undefined
  await clock.advance(100)
  await snapshot
  t.equal(Buffer.from(states!.get(hex(0x101))!).toString('latin1'), '\0\0\0\u0001found')
  await settle()
  t.strictSame(
    sent.map(({ subtask }) => subtask),
    [0, 0],
    'nothing behind the cut',
  )
  coordinators.reached(graph.vertices[0]!.current.attemptId, 1n)
  await settle()
  t.match(sent.at(-1), { subtask: 0, sequence: 1 })
  t.equal(sent.length, 3, 'the other subtask has not heard of it')
  coordinators.ended(1n, true)
  await settle()
  t.match(sent.at(-1), { subtask: 1, sequence: 0 })
})

t.test('OperatorCoordinators cut between the cuts of others', async (t) => {
  const { contexts, sent, coordinators, event, graph } = setUp(1)
  coordinators.handleEvent(event(0, { type: 'register', host: 'h' }))
  await coordinators.checkpoint(1n)
  contexts[0]!.assignSplit({ splitId: 'a' }, 0)
  let done = false
  const second = coordinators.checkpoint(2n).then(() => (done = true))
  contexts[0]!.assignSplit({ splitId: 'b' }, 0)
  await settle()
  t.equal(done, false, 'the events of the first cut must arrive first')
  coordinators.reached(graph.vertices[0]!.current.attemptId, 1n)
  await second
  await settle()
  t.equal(sent.length, 1)
  coordinators.ended(2n, false)
  await settle()
  t.equal(sent.length, 2)
})

t.test(
  'OperatorCoordinators refuse a checkpoint whose events an attempt did not get',
  async (t) => {
    const { contexts, link, coordinators, event, restart, sent, clock } = setUp(2)
    coordinators.handleEvent(event(0, { type: 'register', host: 'h' }, 0))
    link.error = new RpcTimeoutError({ target: 'a task', timeoutMs: 10 })
    contexts[0]!.assignSplit({ splitId: 'a' }, 0)
    const refused = t.rejects(coordinators.checkpoint(1n), /ended before/)
    await settle()
    restart([0])
    await refused
    coordinators.ended(1n, false)
    contexts[0]!.assignSplit({ splitId: 'b' }, 1)
    await t.rejects(coordinators.checkpoint(2n), /has not registered/, 'nobody has that split')
    coordinators.ended(2n, false)
    link.error = undefined
    coordinators.handleEvent(event(1, { type: 'register', host: 'h' }, 0))
    await clock.advance(100)
    await settle()
    t.match(sent.at(-1), { subtask: 1 })
  },
)

t.test('SourceCoordinator gives back what a checkpoint does not cover', async (t) => {
  const { calls, contexts, kept, coordinators, event, restart } = setUp(2)
  const register = (subtask: number) =>
    coordinators.handleEvent(event(subtask, { type: 'register', host: 'h' }, 0))
  register(0)
  register(1)
  contexts[0]!.assignSplit({ splitId: 'a' }, 0)
  await coordinators.checkpoint(1n)
  kept.oldest = 1n
  coordinators.ended(1n, true)
  t.strictSame(calls.at(-1), ['complete', 1n])
  contexts[0]!.assignSplit({ splitId: 'b' }, 0)
  await coordinators.checkpoint(2n)
  coordinators.ended(2n, true)
  contexts[0]!.assignSplit({ splitId: 'c' }, 0)
  restart([0], { checkpointId: 1n, coordinatorStates: new Map() })
  t.strictSame(calls.at(-1), ['back', [{ splitId: 'b' }, { splitId: 'c' }], 0])
  register(0)
  contexts[0]!.assignSplit({ splitId: 'd' }, 0)
  await coordinators.checkpoint(3n)
  kept.oldest = 3n
  coordinators.ended(3n, true)
  const before = calls.length
  restart([0], { checkpointId: 3n, coordinatorStates: new Map() })
  t.equal(calls.length, before, 'the reader begins with all that it was given')
})

t.test('SourceCoordinator restores its enumerator when all readers restart', async (t) => {
  const { calls, coordinators, restart, contexts } = setUp(1)
  const states = await coordinators.checkpoint(7n)
  coordinators.ended(7n, true)
  restart([0], { checkpointId: 7n, coordinatorStates: states })
  t.strictSame(calls.slice(-2), [['restore', '1 found'], ['start']])
  coordinators.graphReplaced({ checkpointId: 7n, coordinatorStates: new Map() })
  t.equal(contexts.length, 3)
  t.not(calls.at(-2)?.[0], 'restore', 'the checkpoint has nothing of it')
})

t.test(
  'SourceCoordinator stops all readers, also those that register or begin later',
  async (t) => {
    const { coordinators, sent, graph } = setUp(2)
    coordinators.start()
    for (const { current } of graph.vertices) {
      current.transitionTo('SCHEDULED')
      current.transitionTo('DEPLOYING')
    }
    const register = (subtask: number) =>
      coordinators.handleEvent({
        executionAttemptId: graph.vertices[subtask]!.current.attemptId,
        operatorId: hex(0x101),
        sequence: 0,
        payload: encodeReaderEvent({ type: 'register', host: '' }),
      })
    register(0)
    coordinators.stopSources()
    coordinators.stopSources()
    await new Promise((resolve) => setImmediate(resolve))
    t.match(sent, [{ subtask: 0, event: { type: 'stop' } }])
    register(1)
    await new Promise((resolve) => setImmediate(resolve))
    t.match(sent.at(-1), { subtask: 1, event: { type: 'stop' } })
    t.equal(sent.length, 2)
  },
)

t.test(
  'SourceOperator ends its input when it is stopped, though the reader waits for records',
  async (t) => {
    const pending = new Promise<void>(() => {})
    const operator = new SourceOperator(
      {
        source: {
          createReader: () => ({
            start() {},
            pollNext: () => 'NOTHING_AVAILABLE',
            isAvailable: () => pending,
          }),
        } as never,
      },
      { output: {}, sendEventToCoordinator() {} } as never,
    )
    operator.open()
    t.equal(operator.emitNext(), 'NOTHING_AVAILABLE')
    const available = operator.isAvailable()
    operator.handleOperatorEvent(encodeCoordinatorEvent({ type: 'stop' }))
    await available
    t.equal(operator.emitNext(), 'END_OF_INPUT')
  },
)
