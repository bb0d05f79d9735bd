import assert from 'node:assert/strict'
import {
  DynamicSerializer,
  InputBuffer,
  KeyHandleSource,
  OutputBuffer,
  type ValueDecoder,
  type ValueEncoder,
} from '@flink-ts/core'
import { HeapKeyedStateBackend } from '@flink-ts/state'
import t from 'tap'

const allGroups = { maxParallelism: 128, keyGroupRange: { start: 0, end: 127 } }

type Item = { note: string; word: string }

/** A channel whose decoder tells `keyHandles` what it read. */
function channel(keyHandles: KeyHandleSource): { encoder: ValueEncoder; read(item: Item): Item } {
  const encoder = new DynamicSerializer().createEncoder()
  const decoder: ValueDecoder = new DynamicSerializer({ keyHandles }).createDecoder()
  const out = OutputBuffer.allocate(1 << 12)
  return {
    encoder,
    read(item) {
      out.position = 0
      assert(encoder.tryEncode(item, out))
      return decoder.decode(InputBuffer.of(out.written())) as Item
    },
  }
}

t.test('HeapKeyedStateBackend with KeyHandleSource', (t) => {
  t.test('counts as it does without, over channels, evictions, resets and cleared state', (t) => {
    const keyHandles = new KeyHandleSource()
    const backend = new HeapKeyedStateBackend({ ...allGroups, keyHandles })
    const state = backend.getValueState<number>({ name: 'count' })
    const expected = new Map<string, number>()
    const channels = [channel(keyHandles), channel(keyHandles), channel(keyHandles)]
    let hits = 0
    const get = keyHandles.get.bind(keyHandles)
    keyHandles.get = (key) => {
      const handle = get(key)
      if (handle !== undefined) hits++
      return handle
    }
    let seed = 7
    const random = (n: number) => {
      seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff
      return (seed >>> 8) % n
    }
    for (let i = 0; i < 200_000; i++) {
      // Forty thousand long keys do not fit into a dictionary, a few short ones always do.
      const word = random(2) === 0 ? `k${random(50)}` : `another word ${random(40_000)}`
      const from = channels[random(3)]!
      if (random(20_000) === 0) from.encoder.reset()
      const key = from.read({ note: `note ${random(9)}`, word }).word
      backend.setCurrentKey(key)
      if (random(10) === 0) {
        state.clear()
        expected.delete(word)
      } else {
        state.update((state.value() ?? 0) + 1)
        expected.set(word, (expected.get(word) ?? 0) + 1)
      }
    }
    const counts = new Map<unknown, unknown>()
    backend.forEachEntry('count', (key, value) => counts.set(key, value))
    t.same(counts, expected)
    t.ok(hits > 50_000, `${hits} of 200000 keys came with a handle`)
    t.end()
  })

  t.test('gives its handles to one owner', (t) => {
    const keyHandles = new KeyHandleSource()
    const { read } = channel(keyHandles)
    const backends = [0, 1].map(() => new HeapKeyedStateBackend({ ...allGroups, keyHandles }))
    for (let i = 0; i < 10; i++) {
      const { word } = read({ note: 'n', word: 'w' })
      backends.forEach((backend, b) => {
        backend.setCurrentKey(word)
        const state = backend.getValueState<number>({ name: 's' })
        state.update((state.value() ?? 0) + 1 + b)
      })
    }
    t.same(
      backends.map((backend) => {
        backend.setCurrentKey('w')
        return backend.getValueState({ name: 's' }).value()
      }),
      [10, 20],
    )
    t.end()
  })

  t.test('takes a key that is not the string that was read for another key', (t) => {
    const keyHandles = new KeyHandleSource()
    const { read } = channel(keyHandles)
    const backend = new HeapKeyedStateBackend({ ...allGroups, keyHandles })
    const state = backend.getValueState<string>({ name: 's' })
    for (const word of ['a', 'b', 'a', 'b', 'a', 'b']) {
      backend.setCurrentKey(read({ note: 'n', word }).word)
      state.update(word)
      backend.setCurrentKey(`${word}${word}`)
      t.equal(state.value() ?? `${word}${word}`, `${word}${word}`)
      state.update(`${word}${word}`)
    }
    t.equal(backend.numberOfKeys, 4)
    t.end()
  })
  t.end()
})
