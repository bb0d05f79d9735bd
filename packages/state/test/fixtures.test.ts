import { readdirSync, readFileSync } from 'node:fs'
import { crc32 } from 'node:zlib'
import { encodeKey } from '@flink-ts/core'
import { decodeMetadata, snapshotSourceOfBytes } from '@flink-ts/state'
import t from 'tap'
import {
  ALL_KEY_GROUPS,
  dynamicOf,
  fixtureMetadata,
  KEYS,
  keyedBackend,
  keyedStates,
  operatorBackend,
  operatorStates,
  orderOf,
  timersOf,
} from './fixture-contents.js'
import { inlineHandle, openInline, restoreOf } from './snapshot-files.js'

/** One folder for each version of the format. */
const folder = new URL('../test/fixtures/', import.meta.url)

for (const version of readdirSync(folder)) {
  const read = (name: string) => readFileSync(new URL(`${version}/${name}`, folder))

  t.test(`HeapKeyedStateBackend restores the kept file of ${version}`, async (t) => {
    const backend = keyedBackend()
    const snapshot = inlineHandle(read('keyed.state'))
    await backend.restore(restoreOf([{ keyGroups: ALL_KEY_GROUPS, snapshot }], ALL_KEY_GROUPS))
    const states = keyedStates(backend)

    t.equal(backend.numberOfKeys, KEYS.length)
    for (const [i, key] of KEYS.entries()) {
      backend.setCurrentKey(key)
      t.strictSame(states.dynamic.value(), dynamicOf(i))
      t.strictSame(states.order.value(), orderOf(i))
      const elements = Array.from({ length: i === 0 ? 3000 : i }, (_, k) => k - 5)
      t.strictSame([...states.list.get()], elements)
      t.equal([...states.map.keys()].length, i)
      for (const mapKey of KEYS.slice(0, i)) t.strictSame(states.map.get(mapKey), dynamicOf(i))
      t.strictSame([...states.typedMap.entries()], [[`m${i}`, i / 7]])
      t.equal(states.sum.get(), i + 0.5)
      t.equal(states.average.get(), i + 0.5)
      t.equal(states.expiring.value(), `e${i}`)
      t.strictSame([...states.expiringList.get()], [i, i + 1])
      t.equal(states.expiringMap.get('k'), i)
      const timers = states.timers.all.filter((timer) => sameKey(timer.key, key))
      t.strictSame(
        timers.toSorted((a, b) => b.timestamp - a.timestamp),
        timersOf(key, i),
      )
    }
  })

  t.test(`HeapOperatorStateBackend restores the kept file of ${version}`, async (t) => {
    const backend = operatorBackend()
    const states = [
      { name: 'splits', kind: 'splitList', elements: 2500 },
      { name: 'all', kind: 'unionList', elements: 5 },
      { name: 'rules', kind: 'broadcast', elements: KEYS.length },
    ] as const
    const ranges = states.map(({ name, elements }) => ({ name, from: 0, to: elements }))
    const handle = { snapshot: inlineHandle(read('operator.state')), states }
    await backend.restore({ parts: [{ handle, ranges }], open: openInline })

    const { splits, all, rules } = operatorStates(backend)
    t.strictSame(
      [...splits.get()],
      Array.from({ length: 2500 }, (_, i) => dynamicOf(i % 10)),
    )
    t.strictSame([...all.get()], [0, 1, 2, 3, 4].map(orderOf))
    for (const [i, key] of KEYS.entries()) t.equal(rules.get(key), `rule ${i}`)
  })

  t.test(
    `decodeMetadata reads the kept file of ${version}, also from another folder`,
    async (t) => {
      const files = { keyed: read('keyed.state'), operator: read('operator.state') }
      const handle = (bytes: Buffer) => ({
        kind: 'inline' as const,
        bytes,
        sizeBytes: bytes.length,
        checksum: crc32(bytes),
      })
      const source = snapshotSourceOfBytes(read('_metadata'), '_metadata')
      const metadata = await decodeMetadata(source, '/moved/s')
      t.strictSame(
        metadata,
        fixtureMetadata('/moved/s', {
          keyed: handle(files.keyed),
          operator: handle(files.operator),
        }),
      )
    },
  )
}

function sameKey(a: unknown, b: unknown): boolean {
  return Buffer.compare(encodeKey(a), encodeKey(b)) === 0
}
