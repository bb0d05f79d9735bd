import { hashKey, keyGroupFor, Types } from '@flink-ts/core'
import { ManualClock } from '@flink-ts/core/testing'
import {
  type CheckpointMetadata,
  HeapKeyedStateBackend,
  HeapOperatorStateBackend,
  type KeyedStateBackend,
  type KeyedTimer,
  type OperatorStateBackend,
  type StateHandle,
} from '@flink-ts/state'

/** What the kept files of the format hold. Never changed: a new format gets files and contents of its own. */
export const MAX_PARALLELISM = 128
export const ALL_KEY_GROUPS = { start: 0, end: MAX_PARALLELISM - 1 }
/** Time of the values that expire. */
export const WRITTEN_AT_MS = 1_790_000_000_000

const OPERATOR = {
  operatorId: '0123456789abcdef'.repeat(2),
  operatorName: 'orders',
  subtaskIndex: 0,
}
const ORDER = Types.object({
  id: Types.string,
  amount: Types.double,
  items: Types.list(Types.tuple(Types.string, Types.int)),
  note: Types.optional(Types.string),
  state: Types.enum('open', 'paid'),
  total: Types.long,
  at: Types.date,
  raw: Types.bytes,
  tags: Types.map(Types.string, Types.boolean),
  who: Types.union(Types.string, Types.int),
})

export const KEYS: readonly unknown[] = [
  'plain',
  'größe',
  '漢字 😀',
  '\ud800 lone',
  '',
  0,
  -1.5,
  Number.NaN,
  12345678901234567890n,
  -1n,
  true,
  false,
  new Date(WRITTEN_AT_MS),
  new Uint8Array([0, 1, 255]),
  ['user', 7, ['nested', false]],
  { b: 2, a: 'x' },
]

export function orderOf(i: number) {
  return {
    id: `order ${i}`,
    amount: i / 3,
    items: [
      ['apple', i],
      ['pear', -i],
    ] as [string, number][],
    ...(i % 2 === 0 ? { note: 'größer' } : {}),
    state: i % 2 === 0 ? ('open' as const) : ('paid' as const),
    total: BigInt(i) ** 10n,
    at: new Date(WRITTEN_AT_MS + i),
    raw: new Uint8Array([i, 255 - i]),
    tags: new Map([[`t${i}`, i % 3 === 0]]),
    who: i % 2 === 0 ? 'somebody' : i,
  }
}

export function dynamicOf(i: number): unknown {
  return [
    { word: `w${i}`, count: i, nested: { list: [1, 'two', null, undefined, 3n] } },
    [i, `${i}`, new Map([[i, new Set([i])]])],
    `text ${i}`,
    i * 1.5,
    null,
  ][i % 5]
}

export function timersOf(key: unknown, i: number): KeyedTimer[] {
  return [
    { key, timestamp: WRITTEN_AT_MS + i, namespace: undefined },
    { key, timestamp: -i, namespace: { start: i, end: i + 10 } },
  ]
}

export class FixtureTimers {
  readonly all: KeyedTimer[] = []
  timersOf(keyGroup: number): readonly KeyedTimer[] {
    return this.all.filter(({ key }) => keyGroupFor(hashKey(key), MAX_PARALLELISM) === keyGroup)
  }
  restoreTimers(_: number, timers: readonly KeyedTimer[]): void {
    this.all.push(...timers)
  }
}

export function keyedBackend(): HeapKeyedStateBackend {
  const clock = new ManualClock()
  clock.now = () => WRITTEN_AT_MS
  return new HeapKeyedStateBackend({
    maxParallelism: MAX_PARALLELISM,
    keyGroupRange: ALL_KEY_GROUPS,
    operator: OPERATOR,
    clock,
  })
}

export function keyedStates(backend: KeyedStateBackend) {
  const ttl = { ttlMs: 1000, cleanup: { incremental: false } } as const
  const timers = new FixtureTimers()
  backend.registerTimers('timers', timers)
  return {
    dynamic: backend.getValueState<unknown>({ name: 'dynamic' }),
    order: backend.getValueState({ name: 'order', type: ORDER }),
    list: backend.getListState({ name: 'list', type: Types.int }),
    map: backend.getMapState<unknown, unknown>({ name: 'map' }),
    typedMap: backend.getMapState({ name: 'typedMap', keyType: Types.string, type: Types.double }),
    sum: backend.getReducingState<number>({
      name: 'sum',
      type: Types.double,
      reduceFunction: (a, b) => a + b,
    }),
    average: backend.getAggregatingState<number, [number, number], number>({
      name: 'average',
      type: Types.tuple(Types.double, Types.int),
      aggregateFunction: {
        createAccumulator: () => [0, 0],
        add: (value, [sum, count]) => [sum + value, count + 1],
        getResult: ([sum, count]) => sum / count,
        merge: (a, b) => [a[0] + b[0], a[1] + b[1]],
      },
    }),
    expiring: backend.getValueState<string>({ name: 'expiring', ttl }),
    expiringList: backend.getListState<number>({ name: 'expiringList', ttl }),
    expiringMap: backend.getMapState<string, number>({ name: 'expiringMap', ttl }),
    timers,
  }
}

export function fillKeyed(backend: KeyedStateBackend): void {
  const states = keyedStates(backend)
  for (const [i, key] of KEYS.entries()) {
    backend.setCurrentKey(key)
    states.dynamic.update(dynamicOf(i))
    states.order.update(orderOf(i))
    for (let k = 0; k < (i === 0 ? 3000 : i); k++) states.list.add(k - 5)
    for (const mapKey of KEYS.slice(0, i)) states.map.put(mapKey, dynamicOf(i))
    states.typedMap.put(`m${i}`, i / 7)
    states.sum.add(i)
    states.sum.add(0.5)
    states.average.add(i)
    states.average.add(i + 1)
    states.expiring.update(`e${i}`)
    states.expiringList.addAll([i, i + 1])
    states.expiringMap.put('k', i)
    states.timers.all.push(...timersOf(key, i))
  }
}

export function operatorBackend(): HeapOperatorStateBackend {
  return new HeapOperatorStateBackend({ operator: OPERATOR })
}

export function operatorStates(backend: OperatorStateBackend) {
  return {
    splits: backend.getListState<unknown>({ name: 'splits' }),
    all: backend.getUnionListState({ name: 'all', type: ORDER }),
    rules: backend.getBroadcastState<unknown, string>({ name: 'rules' }),
  }
}

export function fillOperator(backend: OperatorStateBackend): void {
  const { splits, all, rules } = operatorStates(backend)
  for (let i = 0; i < 2500; i++) splits.add(dynamicOf(i % 10))
  for (let i = 0; i < 5; i++) all.add(orderOf(i))
  for (const [i, key] of KEYS.entries()) rules.put(key, `rule ${i}`)
}

/** A checkpoint that has these two files beside it. */
export function fixtureMetadata(
  directory: string,
  files: { readonly keyed: StateHandle; readonly operator: StateHandle },
): CheckpointMetadata {
  const shared: StateHandle = { kind: 'file', path: '/cp/shared/77', sizeBytes: 5, checksum: 6 }
  const at = (name: string, { sizeBytes, checksum }: StateHandle): StateHandle => ({
    kind: 'file',
    path: `${directory}/${name}`,
    sizeBytes,
    checksum,
  })
  return {
    jobId: 'f'.repeat(32),
    checkpointId: 9_007_199_254_740_993n,
    timestampMs: WRITTEN_AT_MS,
    kind: 'SAVEPOINT',
    operators: [
      {
        operatorId: OPERATOR.operatorId,
        operatorUid: 'orders-uid',
        operatorName: 'orders',
        parallelism: 2,
        maxParallelism: MAX_PARALLELISM,
        coordinatorState: Buffer.from([1, 2, 3]),
        subtasks: new Map([
          [
            0,
            {
              keyed: {
                keyGroups: ALL_KEY_GROUPS,
                snapshot: at('keyed.state', files.keyed),
                shared: [{ key: '000012', handle: shared }],
              },
              operator: {
                snapshot: at('operator.state', files.operator),
                states: [
                  { name: 'splits', kind: 'splitList', elements: 2500 },
                  { name: 'all', kind: 'unionList', elements: 5 },
                  { name: 'rules', kind: 'broadcast', elements: KEYS.length },
                ],
              },
            },
          ],
          [1, { finished: true }],
        ]),
      },
      {
        operatorId: 'e'.repeat(32),
        operatorName: 'without uid',
        parallelism: 1,
        maxParallelism: 1,
        subtasks: new Map([
          [
            0,
            {
              operator: {
                snapshot: {
                  kind: 'inline',
                  bytes: Buffer.from('inlined'),
                  sizeBytes: 7,
                  checksum: 3,
                },
                states: [{ name: 's', kind: 'splitList', elements: 1 }],
              },
            },
          ],
        ]),
      },
    ],
  }
}
