import type {
  AggregatingState,
  CheckpointedFunction,
  CheckpointListener,
  Collector,
  FunctionInitializationContext,
  ListState,
  MapState,
  OperatorListState,
  ReducingState,
  RuntimeContext,
  ValueState,
} from '@flink-ts/core'
import type { KeyedProcessContext, KeyedProcessFunction } from '@flink-ts/streaming'
import {
  OneInputOperatorTestHarness,
  type OperatorTestHarnessOptions,
  type OperatorTestState,
} from '@flink-ts/testing'
import t from 'tap'

t.test('RuntimeContext: all kinds of keyed state, per key, restored', async (t) => {
  class Kinds implements KeyedProcessFunction<string, [string, number], string> {
    private value!: ValueState<number>
    private list!: ListState<number>
    private map!: MapState<string, number>
    private sum!: ReducingState<number>
    private mean!: AggregatingState<number, number>

    open(context: RuntimeContext) {
      this.value = context.getState<number>({ name: 'value', defaultValue: 0 })
      this.list = context.getListState<number>({ name: 'list' })
      this.map = context.getMapState<string, number>({ name: 'map' })
      this.sum = context.getReducingState<number>({
        name: 'sum',
        reduceFunction: (a, b) => a + b,
      })
      this.mean = context.getAggregatingState<number, [number, number], number>({
        name: 'mean',
        aggregateFunction: {
          createAccumulator: () => [0, 0],
          add: (v, [sum, n]) => [sum + v, n + 1],
          getResult: ([sum, n]) => sum / n,
          merge: ([a, n], [b, m]) => [a + b, n + m],
        },
      })
    }

    processElement(
      [, n]: [string, number],
      _context: KeyedProcessContext<string>,
      out: Collector<string>,
    ) {
      this.value.update(n)
      this.list.add(n)
      this.map.put(n % 2 === 0 ? 'even' : 'odd', n)
      this.sum.add(n)
      this.mean.add(n)
      const map = [...this.map.entries()].map(([k, v]) => `${k}=${v}`).sort()
      out.collect(
        `${this.value.value()} ${[...this.list.get()]} ${map} ${this.sum.get()} ${this.mean.get()}`,
      )
    }
  }
  const open = (restore?: OperatorTestState[]) =>
    OneInputOperatorTestHarness.open<[string, number], string>(
      (pairs) => pairs.keyBy(([key]) => key).process(new Kinds()),
      restore === undefined ? {} : { restore },
    )
  const harness = await open()
  harness.processElement(['a', 1])
  harness.processElement(['b', 10])
  harness.processElement(['a', 2])
  t.same(harness.extractOutput(), [
    '1 1 odd=1 1 1',
    '10 10 even=10 10 10',
    '2 1,2 even=2,odd=1 3 1.5',
  ])
  const state = await harness.snapshot(1n)
  await harness.close()
  const restored = await open([state])
  restored.processElement(['a', 6])
  t.same(restored.extractOutput(), ['6 1,2,6 even=6,odd=1 9 3'])
  await restored.close()
})

t.test('RuntimeContext: keyed state without keys, and outside of a call, is refused', async (t) => {
  class Asks {
    map = (value: string) => value
    open(context: RuntimeContext) {
      context.getMapState({ name: 'seen' })
    }
  }
  await t.rejects(
    OneInputOperatorTestHarness.open<string, string>((words) => words.map(new Asks())),
    { cause: { code: 'FLINK_INVALID_PROGRAM', message: /'seen', but its input has no keys/ } },
  )

  let leaked: MapState<string, number> | undefined
  class Leaks {
    open(context: RuntimeContext) {
      leaked = context.getMapState<string, number>({ name: 'seen' })
    }
    processElement() {}
  }
  const harness = await OneInputOperatorTestHarness.open<string, string>((words) =>
    words.keyBy((w) => w).process<string>(new Leaks()),
  )
  harness.processElement('a')
  t.throws(() => leaked!.get('x'), {
    code: 'FLINK_USED_OUTSIDE_CALL',
    message: /'KeyedProcess' used its state 'seen' outside/,
  })
  await harness.close()
})

/** Passes elements on in pairs; one that waits is operator state. */
class Pairs implements CheckpointedFunction, CheckpointListener {
  private waiting: string[] = []
  private state!: OperatorListState<string>
  private seen!: OperatorListState<string>
  log: string[] = []

  initializeState(context: FunctionInitializationContext) {
    this.state = context.operatorStateStore.getListState<string>({ name: 'waiting' })
    this.seen = context.operatorStateStore.getUnionListState<string>({ name: 'seen' })
    this.waiting = [...this.state.get()]
    this.log = [`restored ${context.isRestored} ${context.restoredCheckpointId}`]
    this.log.push(`seen ${[...this.seen.get()].sort()}`)
  }

  flatMap(value: string, out: Collector<string>) {
    if (value === '?') return this.log.splice(0)
    this.waiting.push(value)
    if (this.waiting.length === 2) out.collect(this.waiting.splice(0).join('+'))
    return undefined
  }

  async snapshotState({ checkpointId }: { checkpointId: bigint }) {
    this.state.update(this.waiting)
    this.seen.update([`${checkpointId}:${this.waiting}`])
  }

  notifyCheckpointComplete(checkpointId: bigint) {
    this.log.push(`complete ${checkpointId}`)
  }

  notifyCheckpointAborted(checkpointId: bigint) {
    this.log.push(`aborted ${checkpointId}`)
  }
}

t.test(
  'CheckpointedFunction: list state is divided, a union goes to all; listeners hear',
  async (t) => {
    const open = (options: OperatorTestHarnessOptions) =>
      OneInputOperatorTestHarness.open<string, string>(
        (words) => words.flatMap(new Pairs()),
        options,
      )
    const states: OperatorTestState[] = []
    for (const [subtaskIndex, value] of ['a', 'b'].entries()) {
      const harness = await open({ parallelism: 2, subtaskIndex })
      harness.processElement('?')
      t.same(harness.extractOutput(), ['restored false undefined', 'seen '])
      harness.processElement(value)
      states.push(await harness.snapshot(3n))
      await harness.notifyCheckpointComplete(3n)
      await harness.notifyCheckpointAborted(4n)
      harness.processElement('?')
      t.same(harness.extractOutput(), ['complete 3', 'aborted 4'])
      await harness.close()
    }
    const both = await open({ restore: states })
    both.processElement('?')
    t.same(both.extractOutput(), ['restored true 3', 'seen 3:a,3:b'])
    t.same((await both.snapshot(4n)).checkpointId, 4n)
    both.processElement('c')
    both.processElement('d')
    await both.close()

    const empty = await open({ restore: states, parallelism: 3, subtaskIndex: 2 })
    empty.processElement('?')
    t.same(empty.extractOutput(), ['restored true 3', 'seen 3:a,3:b'])
    empty.processElement('x')
    empty.processElement('y')
    t.same(empty.extractOutput(), ['x+y'], 'of two elements three subtasks get none, or one')
    await empty.close()
  },
)

t.test('CheckpointedFunction: what it throws names operator and method', async (t) => {
  const harness = await OneInputOperatorTestHarness.open<string, string>((words) =>
    words.map({
      map: (value: string) => value,
      initializeState() {},
      snapshotState() {
        throw new Error('no space')
      },
    } as { map: (value: string) => string }),
  )
  await t.rejects(harness.snapshot(1n), {
    code: 'FLINK_USER_FUNCTION',
    message: /'Map' failed: its snapshotState function threw Error: no space/,
  })
  await harness.close()
})

t.test('RichFunction.declaredStates: what is no state is refused', async (t) => {
  const opened = (declaredStates: unknown) =>
    OneInputOperatorTestHarness.open<string, string>((words) =>
      words.map({ map: (w: string) => w, declaredStates } as { map: (w: string) => string }),
    )
  await t.rejects(opened([{ kind: 'values', descriptor: { name: 'a' } }]), {
    code: 'FLINK_INVALID_PROGRAM',
    message: /as declaredStates of a function: expected an array of { kind, descriptor }/,
  })
  await t.rejects(opened('a'), { code: 'FLINK_INVALID_PROGRAM' })
})
