import {
  type CommitRequest,
  Configuration,
  FileSystemRegistry,
  type OperatorId,
  type Sink,
  type Source,
  type SourceReader,
  type SourceReaderContext,
  SystemRandom,
} from '@flink-ts/core'
import { ManualClock } from '@flink-ts/core/testing'
import {
  type ChainRestore,
  decodeReaderEvent,
  encodeCoordinatorEvent,
  type OneInputStreamOperator,
  OperatorChain,
  type OperatorContext,
  type OperatorFactory,
  OperatorServices,
  type OperatorSnapshots,
  type SourceStreamOperator,
  type StateInitializationContext,
  type StateSnapshotContext,
  sinkOperatorFactory,
  sourceOperatorFactory,
} from '@flink-ts/runtime'
import {
  HeapKeyedStateBackend,
  HeapOperatorStateBackend,
  type OpenStateHandle,
  openStateHandle,
  redistributeOperatorState,
  StateStreams,
  storeOperatorSnapshot,
} from '@flink-ts/state'
import t from 'tap'
import { operator } from '../taskmanager/testing-job.js'

const fileSystems = new FileSystemRegistry([])
const open: OpenStateHandle = (handle) => openStateHandle(fileSystems, handle)
const streams = new StateStreams({
  fileSystems,
  random: new SystemRandom(),
  location: { directory: 'none:///', sharedDirectory: 'none:///' },
  inlineThresholdBytes: Number.POSITIVE_INFINITY,
})

/** A chain of operators in a row, named by their place in the alphabet, with the mails of its task. */
function chainOf(factories: Record<string, OperatorFactory>) {
  const clock = new ManualClock(1_000)
  const mails: (() => void | Promise<void>)[] = []
  const events: Uint8Array[] = []
  const mailbox = { execute: (action: () => void | Promise<void>) => void mails.push(action) }
  const names = Object.keys(factories)
  const chain = new OperatorChain({
    operators: names.map((name, i) => operator(name, i === 0 ? [] : [names[i - 1]!])),
    code: new Map(Object.entries(factories)),
    networkOutputs: new Map(),
    objectReuse: false,
    createServices: ({ operatorId, name: operatorName }, output) => {
      const facts = { operator: { operatorId, operatorName, subtaskIndex: 0 } }
      const keyGroups = { maxParallelism: 8, keyGroupRange: { start: 0, end: 7 } }
      return new OperatorServices({
        ...{ clock, mailbox, output },
        createKeyedState: () => new HeapKeyedStateBackend({ ...keyGroups, ...facts, clock }),
        createOperatorState: () => new HeapOperatorStateBackend(facts),
      })
    },
    createContext: ({ operatorId, name: operatorName }, output, services) =>
      ({
        ...{ operatorId, operatorName, output, clock, mailbox, fileSystems },
        jobId: 'job',
        subtaskIndex: 0,
        parallelism: 1,
        attemptNumber: 0,
        configuration: new Configuration(),
        processingTime: services!.processingTime,
        keyedState: () => services!.keyedState(),
        sendEventToCoordinator: (event: Uint8Array) => void events.push(event),
      }) as unknown as OperatorContext,
  })
  const runMails = async () => {
    for (let mail = mails.shift(); mail !== undefined; mail = mails.shift()) await mail()
  }
  const snapshot = async (checkpointId: bigint) => {
    await chain.prepareSnapshotPreBarrier(checkpointId)
    return restoreOf(checkpointId, await chain.snapshotState(context(checkpointId)))
  }
  const head = chain.head as OneInputStreamOperator
  return { chain, clock, mails, events, runMails, snapshot, head }
}

function context(checkpointId: bigint): StateSnapshotContext {
  return { checkpointId, timestampMs: 5, isSavepoint: false, isFull: false }
}

/** What the only subtask goes on from. */
async function restoreOf(
  checkpointId: bigint,
  snapshots: readonly OperatorSnapshots[],
): Promise<ChainRestore> {
  const operators = new Map<
    OperatorId,
    ChainRestore['operators'] extends ReadonlyMap<unknown, infer R> ? R : never
  >()
  for (const { operatorId, operatorState, keyed } of snapshots) {
    keyed?.release()
    const handle = operatorState && (await storeOperatorSnapshot(operatorState, streams))
    if (handle === undefined) continue
    const [parts] = redistributeOperatorState(new Map([[0, handle]]), { old: 1, new: 1 })
    operators.set(operatorId, { operatorState: { parts: parts!, open } })
  }
  return { checkpointId, operators }
}

/** Logs what the chain asks of it; asynchronous where `isAsync`. */
function logging(log: string[], { isAsync = false, fails = '' } = {}): OperatorFactory {
  return {
    type: 'oneInput',
    createOperator: ({ operatorName, output, keyedState }) => {
      const say = (what: string): void | Promise<void> => {
        log.push(`${operatorName} ${what}`)
        if (fails === what) throw new Error(`${operatorName} ${what} fails`)
        return isAsync ? new Promise<void>((r) => setImmediate(r)) : undefined
      }
      return {
        initializeState: (c: StateInitializationContext) =>
          say(`init ${c.restoredCheckpointId ?? 'anew'}`),
        open: () => say('open'),
        prepareSnapshotPreBarrier: (id) => say(`prepare ${id}`),
        snapshotState: (c) => {
          keyedState()
          return say(`snapshot ${c.checkpointId}`)
        },
        notifyCheckpointComplete: (id) => say(`complete ${id}`),
        notifyCheckpointAborted: (id) => say(`aborted ${id}`),
        finish: (c) => say(`finish ${c?.checkpointFollows ?? '-'}`),
        close: () => say('close'),
        processElement: (value, timestamp) => output.collect(value, timestamp),
        processWatermark() {},
        processWatermarkStatus() {},
      } as OneInputStreamOperator
    },
  }
}

t.test(
  'OperatorChain: the order of checkpoints, with operators that take their time',
  async (t) => {
    for (const isAsync of [false, true]) {
      const log: string[] = []
      const make = logging(log, { isAsync })
      const { chain } = chainOf({ a: make, b: make })
      await chain.initializeState()
      await chain.open()
      const prepared = chain.prepareSnapshotPreBarrier(1n)
      t.equal(prepared === undefined, !isAsync, 'a promise only if an operator answered one')
      await prepared
      const snapshots = await chain.snapshotState(context(1n))
      t.same(
        snapshots.map(({ operatorName, keyed }) => [operatorName, keyed?.checkpointId]),
        [
          ['a', 1n],
          ['b', 1n],
        ],
        'head first',
      )
      for (const { keyed } of snapshots) keyed!.release()
      await chain.notifyCheckpointComplete(1n)
      await chain.notifyCheckpointAborted(2n)
      await chain.finish({ checkpointFollows: true })
      await chain.close()
      t.strictSame(log, [
        ...['b init anew', 'a init anew', 'b open', 'a open', 'a prepare 1', 'b prepare 1'],
        ...['b snapshot 1', 'a snapshot 1', 'a complete 1', 'b complete 1'],
        ...['a aborted 2', 'b aborted 2', 'a finish true', 'b finish true', 'a close', 'b close'],
      ])
    }
  },
)

t.test('OperatorChain.snapshotState: fails with the operator that does', async (t) => {
  for (const isAsync of [false, true]) {
    const { chain } = chainOf({
      a: logging([], { fails: 'snapshot 3', isAsync }),
      b: logging([], { isAsync }),
    })
    await chain.initializeState()
    await chain.open()
    await t.rejects(async () => chain.snapshotState(context(3n)), { message: 'a snapshot 3 fails' })
    await chain.close()
  }
})

t.test('OperatorContext.processingTime: no timer outlives its operator', async (t) => {
  const fired: string[] = []
  let context: OperatorContext | undefined
  const { chain, clock, mails, runMails } = chainOf({
    a: {
      type: 'oneInput',
      createOperator: (c) => {
        context = c
        return { open() {}, finish() {}, close() {} } as unknown as OneInputStreamOperator
      },
    },
  })
  await chain.initializeState()
  await chain.open()
  const { processingTime } = context!
  const say = (what: string) => () => void fired.push(what)
  t.equal(processingTime.currentTimeMs(), 1_000)
  processingTime.registerTimer(1_100, say('1100'))
  processingTime.registerTimer(500, say('at once'))
  const cancel = processingTime.registerTimer(1_050, say('cancelled'))
  const late = processingTime.registerTimer(1_050, say('cancelled when it was due'))
  t.same([fired, mails.length], [[], 0])
  cancel()
  clock.advance(60)
  late()
  await runMails()
  t.same(fired, ['at once'])
  clock.advance(40)
  await runMails()
  t.same(fired, ['at once', '1100'])

  processingTime.registerTimer(1_200, say('1200'))
  processingTime.registerTimer(9_999, say('9999'))
  clock.advance(200)
  await chain.finish()
  await runMails()
  processingTime.registerTimer(1_250, say('1250'))
  clock.advance(100)
  await runMails()
  t.same(fired, ['at once', '1100'], 'what was due when the operator finished does not fire')
  t.equal(clock.pendingTimers, 0)
  await chain.close()
})

t.test('OperatorContext.processingTime: a clock that is set back, and far times', async (t) => {
  const fired: number[] = []
  let now = 1_000
  const waits: { delayMs: number; action: () => void }[] = []
  const mails: (() => void | Promise<void>)[] = []
  const services = new OperatorServices({
    clock: {
      now: () => now,
      monotonicNow: () => now,
      schedule: (delayMs, action) => {
        waits.push({ delayMs, action })
        return () => {}
      },
    },
    mailbox: { execute: (action) => void mails.push(action) },
    output: { collect() {}, emitWatermark() {}, emitWatermarkStatus() {} },
    createKeyedState: () => t.fail('no keyed state is needed') as never,
    createOperatorState: () => t.fail('no operator state is needed') as never,
  })
  services.processingTime.registerTimer(3_000_000_000, (ms) => void fired.push(ms))
  t.equal(waits[0]!.delayMs, 2 ** 31 - 1, 'no clock is asked to wait longer than it can')
  now = 2_147_484_647
  waits.shift()!.action()
  await mails.shift()!()
  t.same([fired, waits[0]!.delayMs], [[], 3_000_000_000 - now])
  now = 2_999_999_999
  waits.shift()!.action()
  await mails.shift()!()
  t.same([fired, waits[0]!.delayMs], [[], 1], 'woken a little early it waits on')
  now = 3_000_000_001
  waits.shift()!.action()
  await mails.shift()!()
  t.same(fired, [3_000_000_000])
  await services.close()
})

interface Split {
  readonly splitId: string
  readonly at: number
}

t.test('SourceOperator: splits are in checkpoints; a restored reader has them first', async (t) => {
  const log: string[] = []
  const source = {
    boundedness: 'BOUNDED',
    splitSerializer: {
      version: 3,
      serialize: (split: Split) => Buffer.from(JSON.stringify(split)),
      deserialize: (version: number, bytes: Uint8Array) => {
        log.push(`read version ${version}`)
        return JSON.parse(Buffer.from(bytes).toString()) as Split
      },
    },
    createReader(context: SourceReaderContext): SourceReader<string, Split> {
      let splits: Split[] = []
      return {
        start() {
          log.push('start')
          if (splits.length === 0) context.sendSplitRequest()
        },
        pollNext(output) {
          const [split] = splits
          if (split === undefined) return 'NOTHING_AVAILABLE'
          output.collect(`${split.splitId}${split.at}`)
          splits = splits.map((s, i) => (i === 0 ? { ...s, at: s.at + 1 } : s))
          return 'MORE_AVAILABLE'
        },
        isAvailable: () => Promise.resolve(),
        addSplits: (added) => {
          log.push(`splits ${added.map(({ splitId, at }) => splitId + at)}`)
          splits.push(...added)
        },
        notifyNoMoreSplits() {},
        snapshotState: () => splits,
        notifyCheckpointComplete: (id) => void log.push(`complete ${id}`),
        close() {},
      }
    },
  } as unknown as Source<string, Split>
  const begin = async (restore?: ChainRestore) => {
    const run = chainOf({ a: sourceOperatorFactory({ source }) })
    await run.chain.initializeState(restore)
    await run.chain.open()
    const source_ = run.chain.head as SourceStreamOperator
    return { ...run, source: source_, sent: run.events.map((e) => decodeReaderEvent(e).type) }
  }
  const first = await begin()
  t.same(first.sent, ['register', 'requestSplit'])
  const splits = ['x', 'y'].map((splitId) => source.splitSerializer.serialize({ splitId, at: 0 }))
  first.source.handleOperatorEvent!(
    encodeCoordinatorEvent({ type: 'addSplits', version: 3, splits }),
  )
  first.source.emitNext()
  const restore = await first.snapshot(9n)
  first.source.emitNext()
  await first.chain.notifyCheckpointComplete(9n)
  await first.chain.close()
  t.equal(log.at(-1), 'complete 9')

  log.length = 0
  const second = await begin(restore)
  t.same(log, ['read version 3', 'read version 3', 'splits x1,y0', 'start'])
  t.same(second.sent, ['register'], 'it has something to do')
  await second.chain.close()
})

/** A sink whose committables are numbered; each commit is logged, and answered as `answers` say. */
function testingSink(log: string[], answers: ((r: CommitRequest<string>) => void)[] = []) {
  let last = 0
  const unflushed: string[] = []
  const writer = (states: readonly string[]) => {
    const seen = [...states]
    return {
      write: (element: string) => void unflushed.push(element),
      flush: (endOfInput: boolean) => void log.push(`flush${endOfInput ? ' end' : ''}`),
      prepareCommit: () =>
        unflushed.length === 0 ? [] : [`${++last}:${unflushed.splice(0).join('')}`],
      snapshotState: (id: bigint) => [...seen, `state ${id}`],
      close: () => void log.push('close'),
    }
  }
  const bytes = {
    version: 1,
    serialize: (text: string) => Buffer.from(text),
    deserialize: (_: number, b: Uint8Array) => Buffer.from(b).toString(),
  }
  const sink: Sink<string, string, string> = {
    createWriter: ({ restoredCheckpointId }) => {
      log.push(`create ${restoredCheckpointId ?? 'anew'}`)
      return writer([])
    },
    restoreWriter: ({ restoredCheckpointId }, states) => {
      log.push(`restore ${restoredCheckpointId} ${states}`)
      return writer(states)
    },
    writerStateSerializer: bytes,
    createCommitter: () => ({
      commit(requests) {
        log.push(`commit ${requests.map((r) => `${r.committable}#${r.numberOfRetries}`)}`)
        for (const request of requests) answers.shift()?.(request)
      },
      close: () => void log.push('close committer'),
    }),
    committableSerializer: bytes,
  }
  return { sink, lose: () => void unflushed.splice(0) }
}

async function openSink(sink: Sink<string, string, string>, restore?: ChainRestore) {
  const run = chainOf({ a: sinkOperatorFactory(sink) })
  await run.chain.initializeState(restore)
  await run.chain.open()
  return run
}

t.test(
  'SinkWriterOperator: commits what a completed checkpoint has, and what is older',
  async (t) => {
    const log: string[] = []
    const { chain, head, snapshot } = await openSink(testingSink(log).sink)
    t.equal(chain.needsFinalCheckpoint, true)
    for (const id of [1n, 2n, 3n]) {
      head.processElement(`e${id}`, 0)
      await snapshot(id)
    }
    t.same(log.splice(0), ['create anew', 'flush', 'flush', 'flush'])
    await chain.notifyCheckpointComplete(2n)
    t.same(log.splice(0), ['commit 1:e1#0,2:e2#0'], 'the notification of the first one was lost')
    await chain.notifyCheckpointComplete(2n)
    await chain.notifyCheckpointComplete(1n)
    t.same(log.splice(0), [], 'those that come again change nothing')
    head.processElement('e4', 0)
    await chain.finish({ checkpointFollows: true })
    t.same(log.splice(0), ['flush end'], 'the last output waits for its checkpoint')
    await snapshot(4n)
    await chain.notifyCheckpointComplete(4n)
    t.same(log.splice(0), ['commit 3:e3#0,4:e4#0'])
    await chain.close()
    t.same(log, ['close committer', 'close'])
  },
)

t.test('SinkWriterOperator: a restored one commits what it finds, before it writes', async (t) => {
  const log: string[] = []
  const { sink, lose } = testingSink(log)
  const first = await openSink(sink)
  first.head.processElement('a', 0)
  await first.snapshot(1n)
  first.head.processElement('b', 0)
  const restore = await first.snapshot(2n)
  first.head.processElement('c', 0)
  await first.chain.close()
  t.same(log.splice(0), ['create anew', 'flush', 'flush', 'close'], 'and a failed one nothing')
  lose()

  const second = await openSink(sink, restore)
  t.same(log.splice(0), ['commit 1:a#0,2:b#0', 'restore 2 state 2'])
  const next = await second.snapshot(3n)
  await second.chain.notifyCheckpointComplete(3n)
  t.same(log.splice(0), ['flush'], 'what was committed is not committed again')
  await second.chain.close()
  log.length = 0
  const third = await openSink(sink, next)
  t.same(log.splice(0), ['restore 3 state 2,state 3'])
  await third.chain.close()
})

t.test('SinkWriterOperator: who asks for another attempt gets it between records', async (t) => {
  const log: string[] = []
  const again = (r: CommitRequest<string>) => r.retryLater()
  const changed = (r: CommitRequest<string>) => r.updateAndRetryLater(`${r.committable}!`)
  const { sink } = testingSink(log, [again, () => {}, changed])
  const { chain, head, snapshot, clock, runMails } = await openSink(sink)
  head.processElement('a', 0)
  await snapshot(1n)
  head.processElement('b', 0)
  await snapshot(2n)
  await chain.notifyCheckpointComplete(2n)
  t.same(log.splice(0), ['create anew', 'flush', 'flush', 'commit 1:a#0,2:b#0'])
  clock.advance(1_000)
  await runMails()
  t.same(log.splice(0), ['commit 1:a#1'])
  const restore = await snapshot(3n)
  clock.advance(1_000)
  await runMails()
  t.same(log.splice(0), ['flush', 'commit 1:a!#2'])
  clock.advance(5_000)
  await runMails()
  t.same(log.splice(0), [])
  await chain.close()
  log.length = 0
  const restored = await openSink(sink, restore)
  t.same(log.splice(0), ['commit 1:a!#0', 'restore 3 state 3'], 'as the committer changed it')
  await restored.chain.close()
})

t.test('SinkWriterOperator: a commit that fails, and one that cannot be stored', async (t) => {
  const failing = testingSink([], [(r) => r.signalFailedWithUnknownReason(new Error('disk full'))])
  const { chain, head, snapshot } = await openSink(failing.sink)
  head.processElement('a', 0)
  await snapshot(1n)
  await t.rejects(async () => chain.notifyCheckpointComplete(1n), {
    code: 'FLINK_COMMIT_FAILED',
    message: /"a" could not commit: disk full/,
  })
  await chain.close()

  const { committableSerializer: _, ...unstored } = testingSink([]).sink
  const second = await openSink(unstored)
  await t.resolves(second.snapshot(1n), 'nothing was written')
  second.head.processElement('a', 0)
  await t.rejects(second.snapshot(2n), { message: /"a" cannot take part.*committableSerializer/ })
  await second.chain.close()
})
