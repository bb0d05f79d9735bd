import {
  type CancelTimer,
  type FileSystems,
  FlinkError,
  type Source,
  type SourceSplit,
  type SplitEnumerator,
  type SplitEnumeratorContext,
} from '@flink-ts/core'
import {
  type CoordinatorEvent,
  decodeReaderEvent,
  encodeCoordinatorEvent,
} from '../../operators/source-events.js'
import { AssignedSplits } from './assigned-splits.js'
import type {
  CoordinatorContext,
  OperatorCoordinator,
  RestoredCoordinator,
} from './operator-coordinator.js'
import { decodeVersioned, encodeVersioned } from './versioned-bytes.js'

interface ReaderState<SplitT> {
  registered: boolean
  /** Events for a reader that has not registered yet. */
  held: CoordinatorEvent[]
  /** What this subtask was given since its last reset. */
  readonly assigned: AssignedSplits<SplitT>
}

/**
 * Runs the enumerator of a source. The splits that a reader was given since the checkpoint that it begins with, or at all,
 * go back to the enumerator; when all readers start anew, the enumerator does so from the same checkpoint.
 */
export class SourceCoordinator<SplitT extends SourceSplit> implements OperatorCoordinator {
  readonly #source: Source<unknown, SplitT>
  readonly #context: CoordinatorContext
  readonly #fileSystems: FileSystems
  #readers: ReaderState<SplitT>[]
  #enumerator: SplitEnumerator<SplitT, unknown> | undefined
  /** Rises with each enumerator: what an earlier one began does not concern the next. */
  #generation = 0
  #stopped = false
  /** Of what is called again and again. */
  readonly #timers = new Set<CancelTimer>()

  constructor(
    source: Source<unknown, SplitT>,
    context: CoordinatorContext,
    fileSystems: FileSystems,
  ) {
    this.#source = source
    this.#context = context
    this.#fileSystems = fileSystems
    this.#readers = newReaders(context.parallelism)
  }

  start(): void {
    this.#begin((context) => this.#source.createEnumerator(context))
  }

  handleEventFromOperator(subtask: number, payload: Uint8Array): void {
    this.#guarded((enumerator) => {
      const event = decodeReaderEvent(payload)
      switch (event.type) {
        case 'register':
          this.#register(subtask)
          enumerator?.addReader(subtask)
          return
        case 'requestSplit':
          enumerator?.handleSplitRequest(subtask, event.host === '' ? undefined : event.host)
          return
        case 'sourceEvent':
          enumerator?.handleSourceEvent?.(subtask, event.event)
      }
    })
  }

  executionEnded(subtask: number): void {
    const reader = this.#reader(subtask)
    reader.registered = false
    reader.held = []
  }

  subtaskReset(subtask: number, checkpointId?: bigint): void {
    const splits = this.#reader(subtask).assigned.takeAfter(checkpointId)
    this.#readers[subtask] = newReader()
    if (this.#stopped) this.#stopReader(subtask)
    if (splits.length === 0) return
    this.#guarded((enumerator) => enumerator?.addSplitsBack(splits, subtask))
  }

  reset(restored?: RestoredCoordinator): void {
    this.close()
    this.#readers = newReaders(this.#context.parallelism)
    const state = restored?.state
    if (state === undefined) this.start()
    else this.#begin((context) => this.#restore(context, state))
    if (this.#stopped) this.#stopReaders()
  }

  checkpoint(checkpointId: bigint): Uint8Array | Promise<Uint8Array> {
    const enumerator = this.#enumerator
    const waiting = this.#readers.findIndex(({ held }) =>
      held.some(({ type }) => type === 'addSplits'),
    )
    if (enumerator === undefined || waiting >= 0) {
      // Neither the enumerator nor a reader has those splits.
      throw new FlinkError(
        `Checkpoint ${checkpointId} cannot begin: source ${this.#context.operatorName} has splits for reader ${waiting}, which has not registered yet`,
        { code: 'FLINK_CHECKPOINT_FAILED', retriable: true },
      )
    }
    const serializer = this.#source.enumeratorCheckpointSerializer
    const state = enumerator.snapshotState(checkpointId)
    for (const { assigned } of this.#readers) assigned.cut(checkpointId)
    const encode = (value: unknown) => encodeVersioned(serializer, value)
    return state instanceof Promise ? state.then(encode) : encode(state)
  }

  notifyCheckpointComplete(checkpointId: bigint, oldestKept: bigint): void {
    for (const { assigned } of this.#readers) assigned.forgetUpTo(oldestKept)
    this.#guarded((enumerator) => enumerator?.notifyCheckpointComplete?.(checkpointId))
  }

  stop(): void {
    if (this.#stopped) return
    this.#stopped = true
    this.#stopReaders()
  }

  #stopReaders(): void {
    for (let subtask = 0; subtask < this.#readers.length; subtask++) this.#stopReader(subtask)
  }

  #stopReader(subtask: number): void {
    this.#send(subtask, { type: 'stop' })
  }

  close(): void {
    const enumerator = this.#enumerator
    this.#enumerator = undefined
    this.#generation++
    for (const cancel of this.#timers) cancel()
    this.#timers.clear()
    if (enumerator === undefined) return
    // Its outcome changes nothing any more, but a failure is worth a job failure while the job runs.
    void Promise.resolve()
      .then(() => enumerator.close())
      .catch((error) => this.#context.execute(() => this.#context.failJob(error)))
  }

  #begin(
    create: (context: SplitEnumeratorContext<SplitT>) => SplitEnumerator<SplitT, unknown>,
  ): void {
    const generation = ++this.#generation
    this.#guarded(() => {
      const enumerator = create({
        currentParallelism: () => this.#context.parallelism,
        registeredReaders: () => this.#registeredReaders(),
        assignSplit: (split, subtask) => {
          if (generation === this.#generation) this.#assignSplit(split, subtask)
        },
        signalNoMoreSplits: (subtask) => {
          if (generation === this.#generation) this.#send(subtask, { type: 'noMoreSplits' })
        },
        sendEventToSourceReader: (subtask, event) => {
          if (generation === this.#generation) this.#send(subtask, { type: 'sourceEvent', event })
        },
        callAsync: (work, handler, periodMs) =>
          this.#callAsync(generation, work, handler, periodMs),
        fileSystems: this.#fileSystems,
      })
      this.#enumerator = enumerator
      enumerator.start()
    })
  }

  #restore(
    context: SplitEnumeratorContext<SplitT>,
    state: Uint8Array,
  ): SplitEnumerator<SplitT, unknown> {
    const checkpoint = decodeVersioned(this.#source.enumeratorCheckpointSerializer, state)
    return this.#source.restoreEnumerator(context, checkpoint)
  }

  #register(subtask: number): void {
    const reader = this.#reader(subtask)
    reader.registered = true
    const { held } = reader
    reader.held = []
    for (const event of held) this.#send(subtask, event)
  }

  #assignSplit(split: SplitT, subtask: number): void {
    const serializer = this.#source.splitSerializer
    this.#reader(subtask).assigned.add(split)
    this.#send(subtask, {
      type: 'addSplits',
      version: serializer.version,
      splits: [serializer.serialize(split)],
    })
  }

  #send(subtask: number, event: CoordinatorEvent): void {
    const reader = this.#reader(subtask)
    if (reader.registered) this.#context.sendEvent(subtask, encodeCoordinatorEvent(event))
    else reader.held.push(event)
  }

  #callAsync<R>(
    generation: number,
    work: () => Promise<R>,
    handler: (result: R | undefined, error: unknown) => void,
    periodMs: number | undefined,
  ): void {
    const handOver = (result: R | undefined, error: unknown) =>
      this.#context.execute(() => {
        if (generation !== this.#generation) return
        this.#guarded(() => handler(result, error))
        if (periodMs === undefined) return
        const cancel = this.#context.schedule(periodMs, () => {
          this.#timers.delete(cancel)
          this.#callAsync(generation, work, handler, periodMs)
        })
        this.#timers.add(cancel)
      })
    Promise.resolve()
      .then(work)
      .then(
        (result) => handOver(result, undefined),
        (error) => handOver(undefined, error),
      )
  }

  #registeredReaders(): ReadonlySet<number> {
    return new Set(this.#readers.flatMap(({ registered }, subtask) => (registered ? subtask : [])))
  }

  #reader(subtask: number): ReaderState<SplitT> {
    const reader = this.#readers[subtask]
    if (reader === undefined) {
      throw new RangeError(
        `Source ${this.#context.operatorName} has readers 0 to ${this.#readers.length - 1}, not ${subtask}`,
      )
    }
    return reader
  }

  #guarded(action: (enumerator: SplitEnumerator<SplitT, unknown> | undefined) => void): void {
    try {
      action(this.#enumerator)
    } catch (error) {
      this.#context.failJob(error)
    }
  }
}

function newReader<SplitT>(): ReaderState<SplitT> {
  return { registered: false, held: [], assigned: new AssignedSplits() }
}

function newReaders<SplitT>(count: number): ReaderState<SplitT>[] {
  return Array.from({ length: count }, () => newReader())
}
