import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { FileSystemRegistry, LocalFileSystem, SystemRandom, Types } from '@flink-ts/core'
import { SavepointReader, SavepointWriter, TimedValue, valueToJson } from '@flink-ts/state-tools'
import { readSavepoint } from './independent-reader/savepoint.js'

// `node packages/state-tools/dist-test/write-format-fixture.js N`: keeps a savepoint of this release's format, version N, as a fixture. Once for
// each version that is released: what is kept is never written again.

const fileSystems = new FileSystemRegistry([new LocalFileSystem(new SystemRandom())])
const [, , version] = process.argv
if (version === undefined) throw new Error('the version of the format is missing')
const folder = fileURLToPath(new URL(`../test/fixtures/format-${version}`, import.meta.url))
const keys = [
  'a',
  'ü',
  1,
  -2.5,
  12n,
  true,
  new Date(5),
  Uint8Array.of(1),
  ['x', 1],
  { b: 1, a: 'y' },
]
const order = Types.object({
  item: Types.string,
  amount: Types.double,
  at: Types.date,
  note: Types.optional(Types.string),
  tags: Types.list(Types.string),
  kind: Types.enum('new', 'old'),
  big: Types.long,
  either: Types.union(Types.int, Types.string),
})
const orderOf = (i: number) => ({
  item: `item ${i % 3}`,
  amount: i / 2,
  at: new Date(i * 1e6),
  ...(i % 2 ? { note: 'n' } : {}),
  tags: ['t', `t${i}`],
  kind: i % 2 ? 'new' : 'old',
  big: BigInt(i) ** 9n,
  either: i % 2 ? i : 's',
})
await SavepointWriter.create({ fileSystems, inlineThresholdBytes: 1500 })
  .withOperator({
    uid: 'keyed',
    name: 'all kinds of keyed state',
    parallelism: 2,
    keyed: {
      states: [
        { name: 'value', kind: 'value', type: 'dynamic' },
        { name: 'reducing', kind: 'reducing', type: Types.int },
        { name: 'aggregating', kind: 'aggregating', type: Types.tuple(Types.double, Types.int) },
        { name: 'list', kind: 'list', type: order },
        { name: 'map', kind: 'map', type: 'dynamic', mapKeyType: Types.string },
        { name: 'timers', kind: 'timer', type: 'dynamic' },
        { name: 'ttl', kind: 'value', type: Types.string, ttl: true },
      ],
      records: keys.flatMap((key, i) => [
        {
          state: 'value',
          key,
          value: [
            i,
            `v${i}`,
            { n: i, s: 's' },
            null,
            new Map([[i, new Set(['s'])]]),
            BigInt(-i),
            new Date(i),
            Buffer.from([i]),
            [1.5, undefined],
            /a/g,
          ][i],
        },
        { state: 'reducing', key, value: i * 1000 },
        { state: 'aggregating', key, value: [i / 3, i] },
        { state: 'list', key, value: [orderOf(i), orderOf(i + 1)] },
        {
          state: 'map',
          key,
          value: new Map<string, unknown>([
            ['k', { i }],
            ['l', i],
          ]),
        },
        { state: 'timers', key, value: [{ timestamp: 1000 + i, namespace: 'w' }] },
        { state: 'ttl', key, value: new TimedValue(`t${i}`, 5000 + i) },
      ]),
    },
  })
  .withOperator({
    uid: 'source',
    parallelism: 2,
    coordinatorState: Buffer.from('enumerator'),
    operatorStates: {
      states: [
        { name: 'splits', kind: 'splitList', type: 'dynamic' },
        { name: 'union', kind: 'unionList', type: Types.int },
        { name: 'rules', kind: 'broadcast', type: Types.string, mapKeyType: Types.int },
      ],
      records: [
        ...[1, 2, 3].map((id) => ({ state: 'splits', value: { id, offset: BigInt(id) } })),
        { state: 'union', value: 4 },
        { state: 'rules', value: [1, 'one'] },
      ],
    },
  })
  .write(folder)
writeFileSync(
  `${folder}/independent.jsonl`,
  readSavepoint(folder)
    .map((o) => `${JSON.stringify(valueToJson(o))}\n`)
    .join(''),
)
const reader = await SavepointReader.open(folder, { fileSystems })
const lines: string[] = []
for (const { operatorUid = '' } of reader.operators) {
  for (const { name } of (await reader.keyedStates(operatorUid))?.states ?? [])
    for await (const { key, value } of reader.readKeyedState(operatorUid, name))
      lines.push(JSON.stringify(valueToJson({ state: name, key, value })))
  for (const { name } of await reader.operatorStates(operatorUid))
    for await (const value of reader.readOperatorState(operatorUid, name))
      lines.push(JSON.stringify(valueToJson({ state: name, value })))
}
writeFileSync(
  `${folder}/exported.jsonl`,
  lines
    .sort()
    .map((l) => `${l}\n`)
    .join(''),
)
