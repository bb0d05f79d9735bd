import type { FileSystems, Source, SourceSplit, SplitEnumerator } from '@flink-ts/core'
import {
  type CoordinatorEvent,
  decodeReaderEvent,
  encodeCoordinatorEvent,
} from '../../operators/source-events.js'
import type { CoordinatorContext, OperatorCoordinator } from './operator-coordinator.js'

interface ReaderState<SplitT> {
  registered: boolean
  /** Events for a reader that has not registered yet. */
  held: CoordinatorEvent[]
  /** All splits that this subtask was given since its last reset. */
  assigned: SplitT[]
}

/**
 * Runs the enumerator of a source. Without checkpoints the splits of a reader that starts anew go
 * back to the enumerator; when all readers do, the enumerator starts anew as well.
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
    const generation = ++this.#generation
    this.#guarded(() => {
      const enumerator = this.#source.createEnumerator({
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
        callAsync: (work, handler) => this.#callAsync(generation, work, handler),
        fileSystems: this.#fileSystems,
      })
      this.#enumerator = enumerator
      enumerator.start()
    })
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

  subtaskReset(subtask: number): void {
    const { assigned } = this.#reader(subtask)
    this.#readers[subtask] = newReader()
    if (this.#stopped) this.#stopReader(subtask)
    if (assigned.length === 0) return
    this.#guarded((enumerator) => enumerator?.addSplitsBack(assigned, subtask))
  }

  reset(): void {
    this.close()
    this.#readers = newReaders(this.#context.parallelism)
    this.start()
    if (this.#stopped) this.#stopReaders()
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
    if (enumerator === undefined) return
    // Its outcome changes nothing any more, but a failure is worth a job failure while the job runs.
    void Promise.resolve()
      .then(() => enumerator.close())
      .catch((error) => this.#context.execute(() => this.#context.failJob(error)))
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
    this.#reader(subtask).assigned.push(split)
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
  ): void {
    const handOver = (result: R | undefined, error: unknown) =>
      this.#context.execute(() => {
        if (generation === this.#generation) this.#guarded(() => handler(result, error))
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
  return { registered: false, held: [], assigned: [] }
}

function newReaders<SplitT>(count: number): ReaderState<SplitT>[] {
  return Array.from({ length: count }, () => newReader())
}
