import { FileSystemRegistry, InMemoryFileSystem, SeededRandom } from '@flink-ts/core'
import { ManualClock } from '@flink-ts/core/testing'
import type { CheckpointBarrier } from '@flink-ts/network'
import type { OperatorFactory, StreamTaskOptions } from '@flink-ts/runtime'
import type { KeyedSnapshot } from '@flink-ts/state'
import t from 'tap'
import type { OperatorChain } from '../../../dist/operators/operator-chain.js'
import { CheckpointFiles } from '../../../dist/taskmanager/checkpoint/checkpoint-files.js'
import { SubtaskCheckpoint } from '../../../dist/taskmanager/checkpoint/subtask-checkpoint.js'
import { TestingInput } from '../testing-input.js'
import { countingSource, mapping } from '../testing-job.js'
import { testingTask } from '../testing-task.js'

const DIRECTORY = 'memory:///cp'

function barrier(id: number, facts: Partial<CheckpointBarrier> = {}): CheckpointBarrier {
  return {
    type: 'CHECKPOINT_BARRIER',
    checkpointId: BigInt(id),
    timestampMs: 0,
    snapshotType: 'CHECKPOINT',
    alignment: 'ALIGNED',
    alignedTimeoutMs: 0,
    ...facts,
  }
}

type Io = NonNullable<StreamTaskOptions['checkpoints']>

/** What a task's checkpoints work with; `reports` has what it told. */
function checkpointIo(given: Partial<Io> = {}) {
  const random = new SeededRandom(1)
  const files = new InMemoryFileSystem({ clock: new ManualClock(), random })
  const fileSystems = new FileSystemRegistry([files])
  const reports: string[] = []
  const checkpointing = {
    isPeriodic: true,
    jobDirectory: DIRECTORY,
    inlineThresholdBytes: 100,
    unaligned: false,
    afterTasksFinish: true,
  }
  const io: Io = {
    files: new CheckpointFiles({ fileSystems, random, checkpointing }),
    fileSystems,
    checkpointing,
    restore: undefined,
    edges: { subtaskIndex: 0, parallelism: 1, maxParallelism: 128, inputs: [], outputs: [] },
    ...given,
    reports: {
      acknowledge: (id) => reports.push(`ack ${id}`),
      decline: (id, reason, cause) =>
        reports.push(`decline ${id} ${reason}${cause ? ` ${(cause as Error).message}` : ''}`),
    },
  }
  return { io, reports, files, fileSystems }
}

const passing = (hooks: object = {}): OperatorFactory =>
  mapping((value, { output }) => output.collect(value, Number.NaN), hooks)

const withoutFlush = (written: readonly unknown[]) => written.filter((each) => each !== 'flush')

t.test(
  'a checkpoint: what operators hold back, the barrier, their state, later records',
  async (t) => {
    const order: string[] = []
    const { io, reports } = checkpointIo()
    let emit = (_: string) => {}
    const factory: OperatorFactory = {
      type: 'oneInput',
      createOperator: (context) => {
        emit = (value) => context.output.collect(value, Number.NaN)
        return passing({
          prepareSnapshotPreBarrier: () => emit('held back'),
          snapshotState: () =>
            void order.push(`state with ${withoutFlush(world.output.written).join()}`),
          notifyCheckpointComplete: (id: bigint) => void order.push(`complete ${id}`),
          notifyCheckpointAborted: (id: bigint) => void order.push(`aborted ${id}`),
        }).createOperator(context)
      },
    }
    const world = testingTask(factory, { inputs: [new TestingInput(0, 2)], checkpoints: io })
    await world.start()
    const { input, output, task } = world
    input.event(barrier(1), 1)
    input.put((handler) => handler.onRecord('behind', Number.NaN, 1), 1)
    input.records('before')
    await world.run()
    t.same(withoutFlush(output.written), ['before'])
    input.event(barrier(1), 0)
    await world.run()
    t.same(withoutFlush(output.written), ['before', 'held back', 'CHECKPOINT_BARRIER 1', 'behind'])
    t.same(order, ['state with before,held back,CHECKPOINT_BARRIER 1'])
    t.equal(world.error(), undefined)
    t.same(reports, ['ack 1'])
    task.notifyCheckpointComplete(1n)
    task.notifyCheckpointAborted(2n)
    await world.run()
    t.same(order.slice(1), ['complete 1', 'aborted 2'])
    task.cancel()
    await world.run()
  },
)

t.test('nothing happens in a task while the state of a checkpoint is being taken', async (t) => {
  let taken = () => {}
  const { io, reports } = checkpointIo()
  const snapshotState = () =>
    new Promise<void>((resolve) => {
      taken = resolve
    })
  const world = testingTask(passing({ snapshotState }), { checkpoints: io })
  await world.start()
  world.input.event(barrier(1))
  world.input.records('behind')
  world.task.notifyCheckpointComplete(1n)
  await world.run()
  t.same(withoutFlush(world.output.written), ['CHECKPOINT_BARRIER 1'])
  t.same(reports, [])
  taken()
  await world.run()
  t.same(withoutFlush(world.output.written), ['CHECKPOINT_BARRIER 1', 'behind'])
  t.same(reports, ['ack 1'])
  world.task.cancel()
  await world.run()
})

t.test('a task fails when an operator cannot give its state', async (t) => {
  for (const isAsynchronous of [false, true]) {
    const { io } = checkpointIo()
    const snapshotState = () => {
      if (isAsynchronous) return Promise.reject(new Error('no state'))
      throw new Error('no state')
    }
    const world = testingTask(passing({ snapshotState }), { checkpoints: io })
    await world.start()
    world.input.event(barrier(1))
    await world.run()
    t.equal(world.states.at(-1), 'FAILED')
    t.match(world.error(), { message: 'no state' })
  }
})

t.test(
  'a task that gives a checkpoint up tells the tasks behind it and the coordinator once',
  async (t) => {
    const { io, reports } = checkpointIo()
    const world = testingTask(passing(), { inputs: [new TestingInput(0, 2)], checkpoints: io })
    await world.start()
    world.input.event(barrier(1), 0)
    world.input.event({ type: 'CANCEL_CHECKPOINT', checkpointId: 1n }, 1)
    world.input.event({ type: 'CANCEL_CHECKPOINT', checkpointId: 1n }, 0)
    world.input.records('goes on')
    await world.run()
    t.same(withoutFlush(world.output.written), ['CANCEL_CHECKPOINT 1', 'goes on'])
    t.same(reports, ['decline 1 CHECKPOINT_DECLINED_ON_CANCELLATION_BARRIER'])
    world.input.event(barrier(2), 1)
    await world.run()
    world.task.notifyCheckpointAborted(2n)
    world.input.put((handler) => handler.onRecord('free again', Number.NaN, 1), 1)
    await world.run()
    t.equal(withoutFlush(world.output.written).at(-1), 'free again')
    t.equal(reports.length, 1, 'the coordinator knows what it has aborted')
    world.task.cancel()
    await world.run()
  },
)

t.test('a task declines a trigger that a later checkpoint has overtaken, once', async (t) => {
  const { io, reports } = checkpointIo()
  const world = testingTask(countingSource(1e9), { inputs: [], checkpoints: io })
  await world.start()
  world.task.triggerCheckpoint(barrier(2))
  world.task.triggerCheckpoint(barrier(2))
  world.task.triggerCheckpoint(barrier(1))
  for (let i = 0; i < 20; i++) {
    world.task.step()
    await new Promise(setImmediate)
  }
  t.same(reports.toSorted(), ['ack 2', 'decline 1 CHECKPOINT_DECLINED_SUBSUMED'])
  world.task.cancel()
  await world.run()
})

t.test('CheckpointFiles: without a folder all state is inlined, as far as it may be', async (t) => {
  const { fileSystems } = checkpointIo()
  const checkpointing = {
    isPeriodic: true,
    inlineThresholdBytes: 1000,
    unaligned: false,
    afterTasksFinish: true,
  }
  const random = new SeededRandom(1)
  const files = new CheckpointFiles({ fileSystems, random, checkpointing })
  const small = files.streams(barrier(1)).open('exclusive')
  await small.write(Buffer.alloc(900))
  t.match(await small.finish(), { kind: 'inline', sizeBytes: 900 })
  const large = files.streams(barrier(1)).open('exclusive')
  await t.rejects(large.write(Buffer.alloc(1001)), /too large .*; set execution.checkpointing.dir/)
})

t.test(
  'SAVEPOINT_SUSPEND: a task processes nothing until the outcome is known, then ends without finishing',
  async (t) => {
    for (const isCompleted of [true, false]) {
      let finished = 0
      const { io, reports } = checkpointIo()
      const world = testingTask(passing({ finish: () => void finished++ }), { checkpoints: io })
      await world.start()
      world.input.event(
        barrier(1, { snapshotType: 'SAVEPOINT_SUSPEND', targetLocation: DIRECTORY }),
      )
      world.input.records('behind')
      await world.run()
      t.same(reports, ['ack 1'])
      t.same(withoutFlush(world.output.written), ['CHECKPOINT_BARRIER 1'])
      if (isCompleted) {
        world.input.queue.length = 0
        world.task.notifyCheckpointComplete(1n)
        world.input.end()
        await world.run()
        t.same(withoutFlush(world.output.written).slice(1, 3), ['END_OF_DATA', 'END_OF_PARTITION'])
        t.equal(world.states.at(-1), 'FINISHED')
        t.equal(finished, 0)
      } else {
        world.task.notifyCheckpointAborted(1n)
        await world.run()
        t.equal(withoutFlush(world.output.written).at(-1), 'behind')
        world.task.cancel()
        await world.run()
      }
    }
  },
)

t.test(
  'SAVEPOINT_TERMINATE: a source ends its data first, the savepoint has what finishing made',
  async (t) => {
    const { io, reports } = checkpointIo()
    const source = countingSource(1e9)
    const finishing: OperatorFactory = {
      type: 'source',
      createOperator: (context) => ({
        ...source.createOperator(context),
        emitNext: () => 'NOTHING_AVAILABLE',
        isAvailable: () => new Promise<void>(() => {}),
        finish: () =>
          new Promise<void>((resolve) =>
            setImmediate(() => {
              context.output.collect('the rest', Number.NaN)
              resolve()
            }),
          ),
      }),
    } as OperatorFactory
    const world = testingTask(finishing, { inputs: [], checkpoints: io })
    await world.start()
    world.task.triggerCheckpoint(
      barrier(1, { snapshotType: 'SAVEPOINT_TERMINATE', targetLocation: DIRECTORY }),
    )
    await world.run()
    const [watermark, ...rest] = withoutFlush(world.output.written)
    t.match(watermark, /^wm 9/)
    t.same(rest, ['the rest', 'END_OF_DATA', 'CHECKPOINT_BARRIER 1'])
    t.same(reports, ['ack 1'])
    t.equal(world.states.at(-1), 'RUNNING', 'it waits for the savepoint')
    world.task.notifyCheckpointComplete(1n)
    await world.run()
    t.equal(world.states.at(-1), 'FINISHED')
  },
)

t.test('the operators finish before anything that comes behind the end of all data', async (t) => {
  const order: string[] = []
  const { io } = checkpointIo()
  const world = testingTask(
    passing({
      finish: () => void order.push('finish'),
      snapshotState: () => void order.push('state'),
    }),
    { inputs: [new TestingInput(0, 2)], checkpoints: io },
  )
  await world.start()
  for (const channel of [0, 1]) {
    world.input.event({ type: 'END_OF_DATA', drain: true }, channel)
    world.input.event(barrier(1), channel)
  }
  await world.run()
  t.same(order, ['finish', 'state'])
  t.same(withoutFlush(world.output.written), ['END_OF_DATA', 'CHECKPOINT_BARRIER 1'])
  world.task.cancel()
  await world.run()
})

t.test(
  'a task whose operators need it ends with the first checkpoint that begins after they finished',
  async (t) => {
    const { io, reports } = checkpointIo()
    const follows: unknown[] = []
    const world = testingTask(
      passing({
        needsFinalCheckpoint: true,
        finish: (context: object) => void follows.push(context),
      }),
      { checkpoints: io },
    )
    await world.start()
    world.input.event(barrier(1))
    world.input.end()
    await world.run()
    t.same(follows, [{ checkpointFollows: true }])
    world.task.notifyCheckpointComplete(1n)
    await world.run()
    t.equal(world.states.at(-1), 'RUNNING', 'that one began before')
    world.task.triggerCheckpoint(barrier(2))
    await world.run()
    t.same(reports, ['ack 1', 'ack 2'])
    t.equal(world.states.at(-1), 'RUNNING')
    world.task.notifyCheckpointComplete(2n)
    await world.run()
    t.equal(world.states.at(-1), 'FINISHED')
  },
)

t.test(
  'a task that had finished in its checkpoint opens nothing, ends its data and takes part as finished',
  async (t) => {
    const { io, reports } = checkpointIo()
    const finished = { keyed: [], operatorState: [], inFlight: [], finished: true }
    const restore = { checkpointId: 1n, operators: new Map([['map', finished]]) }
    const open = () => t.fail('it is not opened')
    const world = testingTask(passing({ open }), { checkpoints: { ...io, restore } })
    await world.start()
    await world.run()
    t.match(withoutFlush(world.output.written), [/^wm 9/, 'END_OF_DATA'])
    world.input.event(barrier(2))
    await world.run()
    t.same(reports, ['ack 2'])
    world.input.end()
    await world.run()
    t.equal(world.states.at(-1), 'FINISHED')
  },
)

/** A keyed snapshot of so many slices. */
function slowSnapshot(slices: number, onSlice: () => void, bytesAtOnce = 200) {
  let left = slices
  let sizeBytes = 0
  const log = { released: false }
  const snapshot: KeyedSnapshot = {
    checkpointId: 1n,
    keyGroups: { start: 0, end: 1 },
    writeSlice() {
      onSlice()
      return --left <= 0
    },
    pendingBytes: 0,
    takePending: () => {
      sizeBytes += bytesAtOnce
      return [Buffer.alloc(bytesAtOnce)]
    },
    // Those that are taken after it belong to the file.
    finish: () => ({
      sizeBytes: sizeBytes + bytesAtOnce,
      checksum: 0,
      elements: [],
      keyGroups: [0],
    }),
    release: () => {
      log.released = true
    },
  }
  return { snapshot, log }
}

function part(snapshot: KeyedSnapshot, given = checkpointIo()) {
  const clock = new ManualClock()
  const chain = {
    prepareSnapshotPreBarrier: () => undefined,
    snapshotState: () => [{ operatorId: 'map', operatorName: 'map', keyed: snapshot }],
  } as unknown as OperatorChain
  const checkpoint = new SubtaskCheckpoint({ ...given.io, chain, outputs: [], clock, wake() {} })
  const alignment = () => ({
    startDelayMs: 0,
    alignmentDurationMs: 0,
    bytesProcessedDuringAlignment: 0,
    unaligned: false,
  })
  return { ...given, clock, checkpoint, start: () => checkpoint.start(barrier(1), alignment) }
}

const settle = async () => {
  for (let i = 0; i < 10; i++) await new Promise(setImmediate)
}

t.test(
  'SubtaskCheckpoint writes for half of the time of a busy task that has time saved up, else for a tenth, and without a pause for an idle one',
  async (t) => {
    let slices = 0
    const { snapshot } = slowSnapshot(1000, () => {
      slices++
      world.clock.advance(2)
    })
    const world = part(snapshot)
    await world.files.mkdirs(`${DIRECTORY}/chk-1`)
    void world.start()
    await settle()
    /** Of a busy task, in so many ms: the part for which it wrote. */
    const share = (ms: number) => {
      const before = slices
      const begin = world.clock.monotonicNow()
      while (world.clock.monotonicNow() < begin + ms) {
        world.checkpoint.writeSlice(true)
        world.clock.advance(1)
      }
      return (2 * (slices - before)) / ms
    }
    const first = share(1000)
    t.ok(first > 0.45 && first < 0.55, `${first}`)
    share(3000)
    const later = share(1000)
    t.ok(later > 0.05 && later < 0.13, `${later}`)
    t.equal(world.checkpoint.writeSlice(false), true)
    t.equal(world.checkpoint.writeSlice(false), true)
    while (world.checkpoint.writeSlice(false)) {}
    await settle()
    t.same(world.reports, ['ack 1'])
    t.equal(slices, 1000)
    t.notOk(world.checkpoint.isWriting)
  },
)

t.test('SubtaskCheckpoint encodes no more than 4 MiB ahead of its file', async (t) => {
  let written = () => {}
  const { snapshot } = slowSnapshot(10, () => {}, 2 * 2 ** 20)
  Object.defineProperty(snapshot, 'pendingBytes', { value: 2 * 2 ** 20 })
  const world = checkpointIo()
  await world.files.mkdirs(`${DIRECTORY}/chk-1`)
  const create = world.files.create.bind(world.files)
  world.files.create = async (path, mode) => {
    const stream = await create(path, mode)
    const write = stream.write.bind(stream)
    stream.write = async (bytes) => {
      await new Promise<void>((resolve) => {
        written = resolve
      })
      return write(bytes)
    }
    return stream
  }
  const { checkpoint, start, reports } = part(snapshot, world)
  void start()
  await settle()
  let slices = 0
  while (checkpoint.writeSlice(false)) slices++
  t.equal(slices, 2)
  for (let i = 0; i < 20 && reports.length === 0; i++) {
    written()
    await settle()
    while (checkpoint.writeSlice(false)) slices++
  }
  t.equal(slices, 10)
  t.same(reports, ['ack 1'])
})

t.test(
  'SubtaskCheckpoint removes its files and says why, when one cannot be written or the checkpoint is aborted',
  async (t) => {
    for (const how of ['encode', 'write', 'abort'] as const) {
      const { snapshot, log } = slowSnapshot(5, () => {
        if (how === 'encode') throw new Error('no such type')
      })
      const world = part(snapshot)
      await world.files.mkdirs(`${DIRECTORY}/chk-1`)
      if (how === 'write') {
        const create = world.files.create.bind(world.files)
        world.files.create = async (path, mode) => {
          const stream = await create(path, mode)
          stream.write = () => Promise.reject(new Error('disk full'))
          return stream
        }
      }
      void world.start()
      await settle()
      while (world.checkpoint.writeSlice(false)) {
        if (how === 'abort') world.checkpoint.abort(1n)
        await settle()
      }
      await settle()
      const reason = 'decline 1 CHECKPOINT_ASYNC_EXCEPTION'
      const expected = {
        encode: [`${reason} no such type`],
        write: [`${reason} disk full`],
        abort: [],
      }
      t.same(world.reports, expected[how], how)
      t.same(await world.files.list(`${DIRECTORY}/chk-1`), [], how)
      t.ok(log.released, how)
      t.notOk(world.checkpoint.isWriting, how)
    }
  },
)
