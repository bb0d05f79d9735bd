import { ManualClock } from '@flink-ts/core/testing'
import type { KeyedSnapshot } from '@flink-ts/state'
import t from 'tap'
import type { OperatorChain } from '../../../dist/operators/operator-chain.js'
import { SubtaskCheckpoint } from '../../../dist/taskmanager/checkpoint/subtask-checkpoint.js'
import { barrier, checkpointIo, DIRECTORY } from './checkpoint-io.js'

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
