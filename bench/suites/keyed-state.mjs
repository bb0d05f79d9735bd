import { HeapKeyedStateBackend } from '@flink-ts/state'

/** Reads and writes one value for the key of each record, as `reduce` does. */
export async function run({ report }) {
  for (const [name, keyOf, distinct] of [
    ['10 000 strings', (i) => `word${i}`, 10_000],
    ['10 000 numbers', (i) => i, 10_000],
    ['1 000 000 strings', (i) => `word${i}`, 1_000_000],
    ['10 000 tuples', (i) => ['user', i], 10_000],
  ]) {
    const keys = Array.from({ length: distinct }, (_, i) => keyOf(i))
    // In an order that no cache foresees.
    const order = new Int32Array(2_000_000)
    for (let i = 0; i < order.length; i++) order[i] = Math.floor(Math.random() * distinct)
    const backend = new HeapKeyedStateBackend({
      maxParallelism: 128,
      keyGroupRange: { start: 0, end: 127 },
    })
    const state = backend.getValueState({ name: 'count' })
    const times = []
    for (let round = 0; round < 5; round++) {
      const begin = process.hrtime.bigint()
      for (let i = 0; i < order.length; i++) {
        backend.setCurrentKey(keys[order[i]])
        state.update((state.value() ?? 0) + 1)
      }
      times.push(Number(process.hrtime.bigint() - begin))
    }
    times.sort((a, b) => a - b)
    const value = (order.length / times[2]) * 1000
    report({ case: name, metric: 'value() and update()', unit: 'million/s', value })
  }
}
