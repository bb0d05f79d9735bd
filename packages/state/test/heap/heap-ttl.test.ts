import type { StateTtlConfig } from '@flink-ts/core'
import { ManualClock } from '@flink-ts/core/testing'
import { HeapKeyedStateBackend } from '@flink-ts/state'
import t from 'tap'
import { completeSnapshot, restoreOf } from '../snapshot-files.js'

const ALL = { start: 0, end: 127 }
const NO_CLEANUP = { incremental: false } as const

function backendAt(clock: ManualClock): HeapKeyedStateBackend {
  return new HeapKeyedStateBackend({ maxParallelism: 128, keyGroupRange: ALL, clock })
}

/** Keys that have something in the backend, living or not. */
function held(backend: HeapKeyedStateBackend): number {
  return backend.numberOfKeys
}

t.test('HeapKeyedStateBackend with StateTtlConfig', async (t) => {
  await t.test('forgets a value ttlMs after it was written, not when it was read', async (t) => {
    const clock = new ManualClock()
    const backend = backendAt(clock)
    const ttl = { ttlMs: 100, cleanup: NO_CLEANUP }
    const state = backend.getValueState<string>({ name: 's', defaultValue: 'none', ttl })
    backend.setCurrentKey('k')
    state.update('v')

    clock.advance(99)
    t.equal(state.value(), 'v')
    clock.advance(1)
    t.equal(state.value(), 'none')
    t.equal(held(backend), 0, 'reading removed it')
  })

  await t.test('begins anew with each read when it is told to', async (t) => {
    const clock = new ManualClock()
    const backend = backendAt(clock)
    const ttl: StateTtlConfig = { ttlMs: 100, updateType: 'OnReadAndWrite' }
    const value = backend.getValueState<string>({ name: 'v', ttl })
    const list = backend.getListState<string>({ name: 'l', ttl })
    const map = backend.getMapState<string, number>({ name: 'm', ttl })
    backend.setCurrentKey('k')
    value.update('v')
    list.add('e')
    map.put('a', 1)
    map.put('b', 2)
    for (let i = 0; i < 3; i++) {
      clock.advance(60)
      t.equal(value.value(), 'v')
      t.same([...list.get()], ['e'])
      t.equal(map.get('a'), 1)
      t.same([...map.keys()], i === 0 ? ['a', 'b'] : ['a', 'b'])
    }
  })

  await t.test('answers an expired value once more where that is allowed', async (t) => {
    const clock = new ManualClock()
    const backend = backendAt(clock)
    const state = backend.getValueState<string>({
      name: 's',
      ttl: { ttlMs: 10, stateVisibility: 'ReturnExpiredIfNotCleanedUp', cleanup: NO_CLEANUP },
    })
    backend.setCurrentKey('k')
    state.update('v')
    clock.advance(10)

    t.equal(state.value(), 'v')
    t.equal(state.value(), undefined)
  })

  await t.test('does not expire with updateType Disabled, and needs no clock then', async (t) => {
    const backend = new HeapKeyedStateBackend({ maxParallelism: 128, keyGroupRange: ALL })
    const ttl: StateTtlConfig = { ttlMs: 10, updateType: 'Disabled' }
    const state = backend.getValueState<string>({ name: 's', ttl })
    backend.setCurrentKey('k')
    state.update('v')
    t.equal(state.value(), 'v')
    t.throws(() => backend.getValueState({ name: 'other', ttl: { ttlMs: 10 } }), /needs .* clock/)
  })

  await t.test('removes what nobody asks for, a few keys with each access', async (t) => {
    const clock = new ManualClock()
    const backend = backendAt(clock)
    const ttl = { ttlMs: 100, cleanup: { incremental: { cleanupSize: 10 } } }
    const value = backend.getValueState<number>({ name: 'v', ttl })
    const list = backend.getListState<number>({ name: 'l', ttl })
    const map = backend.getMapState<number, number>({ name: 'm', ttl })
    for (let i = 0; i < 90; i++) {
      backend.setCurrentKey(i)
      if (i % 3 === 0) value.update(i)
      else if (i % 3 === 1) for (let k = 0; k < 5; k++) list.add(k)
      else for (let k = 0; k < 5; k++) map.put(k, k)
    }
    t.equal(held(backend), 90)
    clock.advance(100)
    backend.setCurrentKey('other')

    for (let i = 0; i < 30; i++) value.value()
    t.equal(held(backend), 60)
    for (let i = 0; i < 30; i++) list.get()
    t.equal(held(backend), 30)
    for (let i = 0; i < 30; i++) map.get(1)
    t.equal(held(backend), 0)
  })

  await t.test('cleans up with records that do not use the state, if it is told to', async (t) => {
    const clock = new ManualClock()
    const backend = backendAt(clock)
    const incremental = { cleanupSize: 1, runForEveryRecord: true }
    const state = backend.getValueState<number>({
      name: 's',
      ttl: { ttlMs: 100, cleanup: { incremental } },
    })
    for (let i = 0; i < 10; i++) {
      backend.setCurrentKey(i)
      state.update(i)
    }
    clock.advance(100)
    for (let i = 0; i < 12; i++) backend.setCurrentKey('other')
    t.equal(held(backend), 0)
  })

  await t.test(
    'keeps times in snapshots: a restored value expires when it would have',
    async (t) => {
      const clock = new ManualClock()
      const open = (backend: HeapKeyedStateBackend) => ({
        value: backend.getValueState<string>({ name: 'v', ttl: { ttlMs: 100 } }),
        list: backend.getListState<string>({ name: 'l', ttl: { ttlMs: 100 } }),
        map: backend.getMapState<string, string>({ name: 'm', ttl: { ttlMs: 100 } }),
      })
      const first = backendAt(clock)
      const before = open(first)
      first.setCurrentKey('k')
      before.value.update('v')
      before.list.add('old')
      before.map.put('old', '1')
      clock.advance(50)
      before.list.add('new')
      before.map.put('new', '2')
      const handle = completeSnapshot(first.snapshot(1n))

      const second = backendAt(clock)
      await second.restore(restoreOf([handle], ALL))
      const after = open(second)
      second.setCurrentKey('k')
      t.equal(after.value.value(), 'v')
      t.same([...after.list.get()], ['old', 'new'])
      clock.advance(50)
      t.equal(after.value.value(), undefined)
      t.same([...after.list.get()], ['new'])
      t.same([...after.map.entries()], [['new', '2']])
    },
  )

  await t.test('leaves expired values out of snapshots if it is told to', async (t) => {
    for (const onFullSnapshot of [true, false]) {
      const clock = new ManualClock()
      const ttl = { ttlMs: 100, cleanup: { incremental: false, onFullSnapshot } } as const
      const backend = backendAt(clock)
      const state = backend.getValueState<number>({ name: 's', ttl })
      const list = backend.getListState<number>({ name: 'l', ttl })
      backend.setCurrentKey(1)
      state.update(1)
      list.add(1)
      clock.advance(100)
      backend.setCurrentKey(2)
      state.update(2)
      list.add(2)

      const restored = backendAt(clock)
      await restored.restore(restoreOf([completeSnapshot(backend.snapshot(1n))], ALL))
      t.equal(held(restored), onFullSnapshot ? 1 : 2)
      t.equal(held(backend), 2)
    }
  })

  await t.test('may come to a state and go from it', async (t) => {
    const clock = new ManualClock()
    const plain = { name: 's' }
    const timed = { name: 's', ttl: { ttlMs: 100 } }
    const first = backendAt(clock)
    first.setCurrentKey('k')
    first.getValueState<string>(plain).update('v')
    clock.advance(1000)

    const second = backendAt(clock)
    await second.restore(restoreOf([completeSnapshot(first.snapshot(1n))], ALL))
    second.setCurrentKey('k')
    t.equal(second.getValueState<string>(timed).value(), 'v', 'it lives from the restore on')
    clock.advance(99)
    const third = backendAt(clock)
    await third.restore(restoreOf([completeSnapshot(second.snapshot(2n))], ALL))
    clock.advance(1)
    t.equal(second.getValueState<string>(timed).value(), undefined)
    third.setCurrentKey('k')
    t.equal(third.getValueState<string>(plain).value(), 'v')
  })

  await t.test('cleaning up does not change a snapshot that is being written', async (t) => {
    const clock = new ManualClock()
    const backend = backendAt(clock)
    const ttl = { ttlMs: 100, cleanup: { incremental: { cleanupSize: 3 } } }
    const state = backend.getValueState<number>({ name: 's', ttl })
    const map = backend.getMapState<number, number>({ name: 'm', ttl })
    for (let i = 0; i < 50; i++) {
      backend.setCurrentKey(i)
      state.update(i)
      for (let k = 0; k < 60 * i; k++) map.put(k, i)
    }
    const snapshot = backend.snapshot(1n)
    clock.advance(100)
    backend.setCurrentKey('other')
    while (!snapshot.writeSlice(0)) {
      state.value()
      for (let i = 0; i < 20; i++) map.get(0)
    }
    const restored = backendAt(new ManualClock())
    await restored.restore(restoreOf([completeSnapshot(snapshot)], ALL))
    let entries = 0
    restored.forEachEntry('m', (_, value) => {
      entries += [...(value as Iterable<unknown>)].length
    })
    t.equal(held(restored), 50)
    t.equal(entries, (60 * 49 * 50) / 2)
  })
})
