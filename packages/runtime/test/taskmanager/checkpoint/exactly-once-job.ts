import { type OperatorListState, Types, type ValueState } from '@flink-ts/core'
import type {
  OneInputStreamOperator,
  OperatorContext,
  OperatorFactory,
  StateInitializationContext,
} from '@flink-ts/runtime'

const lifeCycle = { open() {}, close() {} }

/** What the sinks of a run have made visible; survives its tasks. */
export interface Committed {
  readonly records: [key: number, count: number][]
  /** A commit that is repeated changes nothing. */
  readonly transactions: Set<string>
}

interface Split {
  readonly id: number
  readonly next: number
}

/** `splits` splits of `count` numbers each, in batches; the position in each is list state. */
export function numberSource(splits: number, count: number, batch = 7): OperatorFactory {
  return {
    type: 'source',
    createOperator(context: OperatorContext) {
      let state: OperatorListState<Split>
      let own: { id: number; next: number }[] = []
      return {
        ...lifeCycle,
        initializeState(initialization: StateInitializationContext) {
          state = initialization.operatorState().getListState({
            name: 'splits',
            type: Types.object({ id: Types.int, next: Types.long }) as never,
          })
          const { subtaskIndex, parallelism } = context
          own =
            initialization.restoredCheckpointId === undefined
              ? Array.from({ length: splits }, (_, id) => ({ id, next: 0 })).filter(
                  ({ id }) => id % parallelism === subtaskIndex,
                )
              : [...state.get()].map((split) => ({ id: split.id, next: Number(split.next) }))
        },
        snapshotState() {
          state.update(own.map((split) => ({ ...split, next: BigInt(split.next) }) as never))
        },
        emitNext() {
          const split = own.find(({ next }) => next < count)
          if (split === undefined) return 'END_OF_INPUT'
          for (let i = 0; i < batch && split.next < count; i++) {
            context.output.collect(split.id * count + split.next++, Number.NaN)
          }
          return 'MORE_AVAILABLE'
        },
        isAvailable: () => Promise.resolve(),
        finish() {},
      }
    },
  }
}

/** Counts how often each key came and emits [key, count]; the key is the value modulo `keys`. */
export function counter(keys: number): OperatorFactory {
  return {
    type: 'oneInput',
    createOperator(context: OperatorContext) {
      let counts: ValueState<number>
      return {
        ...lifeCycle,
        open() {
          counts = context.keyedState().getValueState({ name: 'counts', type: Types.int })
        },
        processElement(value: unknown) {
          const key = (value as number) % keys
          context.keyedState().setCurrentKey(key)
          const count = (counts.value() ?? 0) + 1
          counts.update(count)
          context.output.collect([key, count], Number.NaN)
        },
        processWatermark: (timestampMs: number) => context.output.emitWatermark(timestampMs),
        processWatermarkStatus() {},
        finish() {},
      }
    },
  }
}

/** As {@link counter}, of what comes on either of two inputs. */
export function connectedCounter(keys: number): OperatorFactory {
  return {
    type: 'twoInput',
    createOperator(context: OperatorContext) {
      const one = counter(keys).createOperator(context) as OneInputStreamOperator
      const watermarks = { processWatermark1() {}, processWatermark2() {} }
      const statuses = { processWatermarkStatus1() {}, processWatermarkStatus2() {} }
      return {
        ...one,
        ...watermarks,
        ...statuses,
        processElement1: (value: unknown, timestamp: number) =>
          one.processElement(value, timestamp),
        processElement2: (value: unknown, timestamp: number) =>
          one.processElement(value, timestamp),
      }
    },
  }
}

/** Makes records visible with the checkpoint that they are in, two phases; asynchronous if told. */
export function transactionalSink(
  committed: Committed,
  options: { asynchronous?: boolean } = {},
): OperatorFactory {
  let writers = 0
  return {
    type: 'oneInput',
    createOperator() {
      const writer = writers++
      let open: [number, number][] = []
      let pending: { id: number; transaction: string; records: [number, number][] }[] = []
      let state: OperatorListState<(typeof pending)[number]>
      const commit = (upTo: number) => {
        for (const { id, transaction, records } of pending) {
          if (id > upTo || committed.transactions.has(transaction)) continue
          committed.transactions.add(transaction)
          committed.records.push(...records)
        }
        pending = pending.filter(({ id }) => id > upTo)
      }
      const pause = (): void | Promise<void> =>
        options.asynchronous ? new Promise(setImmediate) : undefined
      return {
        ...lifeCycle,
        needsFinalCheckpoint: true,
        initializeState(context: StateInitializationContext) {
          state = context.operatorState().getListState({ name: 'pending' })
          pending = [...state.get()]
          commit(Number.POSITIVE_INFINITY)
        },
        processElement: (value: unknown) => void open.push(value as [number, number]),
        processWatermark() {},
        processWatermarkStatus() {},
        prepareSnapshotPreBarrier: () => pause(),
        snapshotState({ checkpointId }: { checkpointId: bigint }) {
          const id = Number(checkpointId)
          pending.push({ id, transaction: `${writer}-${id}`, records: open })
          open = []
          state.update(pending)
          return pause()
        },
        notifyCheckpointComplete(id: bigint) {
          commit(Number(id))
          return pause()
        },
        finish() {},
      }
    },
  }
}
