import {
  FileSystemRegistry,
  InMemoryFileSystem,
  type KeyGroupRange,
  type ReducingState,
  SeededRandom,
  Types,
  type ValueState,
} from '@flink-ts/core'
import { ManualClock } from '@flink-ts/core/testing'
import {
  HeapKeyedStateBackend,
  openStateHandle,
  type StateHandle,
  StateStreams,
  storeKeyedSnapshot,
} from '@flink-ts/state'
import t from 'tap'
import { completeSnapshot, restoreOf } from '../snapshot-files.js'

const ALL = { start: 0, end: 127 }
const OPERATOR = { operatorId: 'a'.repeat(32), operatorName: 'count', subtaskIndex: 3 }

function backend(keyGroupRange: KeyGroupRange = ALL): HeapKeyedStateBackend {
  const clock = new ManualClock()
  return new HeapKeyedStateBackend({
    maxParallelism: 128,
    keyGroupRange,
    clock,
    operator: OPERATOR,
  })
}

t.test('HeapKeyedStateBackend.restore', async (t) => {
  await t.test('widens what was stored when the state is asked for', async (t) => {
    const first = backend()
    first.setCurrentKey('k')
    first.getValueState<number>({ name: 'n', type: Types.int }).update(7)
    first
      .getListState({ name: 'l', type: Types.object({ id: Types.string }) })
      .addAll([{ id: 'a' }, { id: 'b' }])
    first.getMapState({ name: 'm', keyType: Types.string, type: Types.int }).put('x', 1)
    first.getValueState<unknown>({ name: 'd' }).update({ city: 'Bonn', note: 'gone' })

    const second = backend()
    await second.restore(restoreOf([completeSnapshot(first.snapshot(1n))], ALL))
    second.setCurrentKey('k')
    t.equal(second.getValueState<bigint>({ name: 'n', type: Types.long }).value(), 7n)
    const grown = Types.object({ id: Types.string, size: Types.int })
    const list = second.getListState({ name: 'l', type: grown, defaults: { size: 1 } })
    t.same(
      [...list.get()],
      [
        { id: 'a', size: 1 },
        { id: 'b', size: 1 },
      ],
    )
    const map = second.getMapState({ name: 'm', keyType: Types.string, type: Types.long })
    t.equal(map.get('x'), 1n)
    const declared = Types.object({ city: Types.string })
    t.same(second.getValueState({ name: 'd', type: declared }).value(), { city: 'Bonn' })

    const third = backend()
    await third.restore(restoreOf([completeSnapshot(second.snapshot(2n))], ALL))
    third.setCurrentKey('k')
    t.equal(third.getValueState<bigint>({ name: 'n', type: Types.long }).value(), 7n)
  })

  await t.test(
    'refuses what cannot become the declared type, naming operator and state',
    async (t) => {
      const first = backend()
      first.setCurrentKey('k')
      first.getValueState<string>({ name: 's', type: Types.string }).update('v')
      const handle = completeSnapshot(first.snapshot(1n))

      const late = backend()
      await late.restore(restoreOf([handle], ALL))
      const expected = { code: 'FLINK_STATE_INCOMPATIBLE', operatorName: 'count', stateName: 's' }
      t.throws(() => late.getValueState({ name: 's', type: Types.int }), expected)
      t.throws(() => late.getMapState({ name: 's' }), expected)
      const early = backend()
      early.getValueState({ name: 's', type: Types.int })
      await t.rejects(early.restore(restoreOf([handle], ALL)), expected)
    },
  )

  await t.test(
    'joins parts of which some were never asked for and are of an older type',
    async (t) => {
      const handles = []
      for (const [i, range] of [
        { start: 0, end: 63 },
        { start: 64, end: 127 },
      ].entries()) {
        const first = backend(range)
        const state = first.getValueState<number>({ name: 'n', type: Types.int })
        for (let key = 0; key < 40; key++) {
          first.setCurrentKey(key)
          try {
            state.update(key)
          } catch {
            // The key is the other's.
          }
        }
        const second = backend(range)
        await second.restore(restoreOf([completeSnapshot(first.snapshot(1n))], range))
        if (i === 1) second.getValueState<bigint>({ name: 'n', type: Types.long })
        handles.push(completeSnapshot(second.snapshot(2n)))
      }
      for (const order of [handles, handles.toReversed()]) {
        const joined = backend()
        await joined.restore(restoreOf(order, ALL))
        const state = joined.getValueState<bigint>({ name: 'n', type: Types.long })
        for (let key = 0; key < 40; key++) {
          joined.setCurrentKey(key)
          t.equal(state.value(), BigInt(key))
        }
      }
    },
  )

  await t.test('finds keys of several states, lists and tuples in one group', async (t) => {
    const first = backend()
    const states = ['a', 'b'].map((name) => first.getValueState<number>({ name }))
    const list = first.getListState<number>({ name: 'l' })
    for (let i = 0; i < 3000; i++) {
      first.setCurrentKey(i % 3 === 0 ? ['t', i] : `k${i}`)
      if (i % 2 === 0) states[0]!.update(i)
      if (i % 5 !== 0) states[1]!.update(-i)
      for (let k = 0; k < i % 4; k++) list.add(k)
    }
    const second = backend()
    await second.restore(restoreOf([completeSnapshot(first.snapshot(1n))], ALL))
    t.equal(second.numberOfKeys, first.numberOfKeys)
    const restored = ['a', 'b'].map((name) => second.getValueState<number>({ name }))
    const elements = second.getListState<number>({ name: 'l' })
    let wrong = 0
    for (let i = 0; i < 3000; i++) {
      second.setCurrentKey(i % 3 === 0 ? ['t', i] : `k${i}`)
      if (restored[0]!.value() !== (i % 2 === 0 ? i : undefined)) wrong++
      if (restored[1]!.value() !== (i % 5 !== 0 ? -i : undefined)) wrong++
      if ([...elements.get()].length !== i % 4) wrong++
    }
    t.equal(wrong, 0)
  })
})

t.test('HeapKeyedStateBackend.snapshot', async (t) => {
  await t.test(
    'fails alone when a value cannot be written: the access that met it goes on',
    async (t) => {
      const subject = backend()
      const state = subject.getValueState<unknown>({ name: 's' })
      subject.setCurrentKey('k')
      state.update(() => 1)
      const snapshot = subject.snapshot(1n)
      t.type(state.value(), 'function')
      state.update(2)

      t.throws(() => snapshot.writeSlice(1), { code: 'FLINK_STATE_VALUE', stateName: 's' })
      snapshot.release()
      const next = backend()
      await next.restore(restoreOf([completeSnapshot(subject.snapshot(2n))], ALL))
      next.setCurrentKey('k')
      t.equal(next.getValueState({ name: 's' }).value(), 2)
    },
  )

  await t.test('stays small with more states and key groups than can be open', async (t) => {
    const many = () =>
      new HeapKeyedStateBackend({
        maxParallelism: 1024,
        keyGroupRange: { start: 0, end: 1023 },
        clock: new ManualClock(),
      })
    const statesOf = (backend: HeapKeyedStateBackend) => [
      backend.getValueState<{ word: string; n: number }>({ name: 'v' }),
      backend.getReducingState<number>({ name: 'r', reduceFunction: (a, b) => a + b }),
    ]
    const subject = many()
    const [value, sum] = statesOf(subject) as [ValueState<unknown>, ReducingState<number>]
    for (let i = 0; i < 20_000; i++) {
      subject.setCurrentKey(`k${i}`)
      value.update({ word: 'w', n: i })
      sum.add(i)
    }
    const snapshot = subject.snapshot(1n)
    for (let i = 19_999; i >= 0; i -= 2) {
      subject.setCurrentKey(`k${i}`)
      value.update('changed')
      if (i % 100 === 1) snapshot.writeSlice(0)
    }
    const handle = completeSnapshot(snapshot)
    t.ok(handle.snapshot.sizeBytes < 40 * 40_000, `${handle.snapshot.sizeBytes} bytes`)
    const next = many()
    await next.restore(restoreOf([handle], { start: 0, end: 1023 }))
    const [restored, sums] = statesOf(next) as [ValueState<unknown>, ReducingState<number>]
    let wrong = 0
    for (let i = 0; i < 20_000; i++) {
      next.setCurrentKey(`k${i}`)
      const { n } = restored.value() as { n: number }
      if (n !== i || sums.get() !== i) wrong++
    }
    t.equal(wrong, 0)
  })

  await t.test('keeps to its budget by the clock', async (t) => {
    const clock = new ManualClock()
    const subject = new HeapKeyedStateBackend({ maxParallelism: 128, keyGroupRange: ALL, clock })
    const state = subject.getListState<number>({ name: 's' })
    for (let i = 0; i < 1000; i++) {
      subject.setCurrentKey(i)
      state.add(i)
    }
    subject.setCurrentKey('long')
    for (let i = 0; i < 100_000; i++) state.add(i)
    let now = 0
    clock.monotonicNow = () => now++
    const snapshot = subject.snapshot(1n)
    let slices = 1
    while (!snapshot.writeSlice(3)) slices++
    snapshot.release()
    t.ok(slices >= 20 && slices <= 100, `${slices} slices`)
  })
})

t.test('storeKeyedSnapshot', async (t) => {
  const random = new SeededRandom(1)
  const memory = new InMemoryFileSystem({ clock: new ManualClock(), random })
  const fileSystems = new FileSystemRegistry([memory], 'memory')
  const directory = 'memory:///chk-1'
  await memory.mkdirs(directory)
  const location = { directory, sharedDirectory: directory }
  const streams = new StateStreams({ fileSystems, random, location, inlineThresholdBytes: 0 })
  const filled = (bad?: unknown) => {
    const subject = backend()
    const state = subject.getValueState<unknown>({ name: 's' })
    for (let i = 0; i < 30_000; i++) {
      subject.setCurrentKey(i)
      state.update(`a text of some length ${i}`)
    }
    if (bad !== undefined) state.update(bad)
    return subject
  }

  await t.test('writes a file that restores', async (t) => {
    const handle = await storeKeyedSnapshot(filled().snapshot(1n), streams, async () => 1)
    t.equal((await memory.list(directory)).length, 1)
    const next = backend()
    const open = (file: StateHandle) => openStateHandle(fileSystems, file)
    await next.restore({ parts: [{ handle: handle!, keyGroups: ALL }], open })
    t.equal(next.numberOfKeys, 30_000)
  })

  await t.test('leaves no file behind when it fails', async (t) => {
    const before = (await memory.list(directory)).length
    const snapshot = filled(() => 1).snapshot(2n)
    await t.rejects(
      storeKeyedSnapshot(snapshot, streams, async () => 1),
      {
        code: 'FLINK_STATE_VALUE',
      },
    )
    t.throws(() => snapshot.writeSlice(1), /before it is released/)
    t.equal((await memory.list(directory)).length, before)
  })

  await t.test('has no handle for a backend without keys', async (t) => {
    t.equal(await storeKeyedSnapshot(backend().snapshot(3n), streams, async () => 1), undefined)
  })
})
