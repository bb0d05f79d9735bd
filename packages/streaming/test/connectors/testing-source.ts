import type {
  FileSystems,
  ReaderOutput,
  SocketConnector,
  Source,
  SourceReaderContext,
  SourceSplit,
  SplitEnumeratorContext,
} from '@flink-ts/core'
import { ManualClock } from '@flink-ts/core/testing'

interface World {
  readonly fileSystems?: FileSystems
  readonly sockets?: SocketConnector
  readonly clock?: ManualClock
}

/** Keeps what a reader emits. */
export class CollectingReaderOutput<T> implements ReaderOutput<T> {
  readonly values: T[] = []

  collect(record: T): void {
    this.values.push(record)
  }

  collectWithTimestamp(record: T): void {
    this.values.push(record)
  }

  emitWatermark(): void {}
  markIdle(): void {}
  markActive(): void {}
}

/** The world of one reader. */
export function readerContext(
  world: World,
  sendSplitRequest: () => void = () => {},
): SourceReaderContext {
  return {
    subtaskIndex: 0,
    parallelism: 1,
    clock: world.clock ?? new ManualClock(),
    fileSystems: world.fileSystems as FileSystems,
    sockets: world.sockets as SocketConnector,
    sendSplitRequest,
    sendSourceEventToCoordinator() {},
  }
}

/**
 * Runs the enumerator of a source and `parallelism` readers until all are at their end, splits through their
 * serializer; answers what each reader emitted.
 */
export async function readAll<T, SplitT extends SourceSplit, C>(
  source: Source<T, SplitT, C>,
  world: World & { parallelism?: number },
): Promise<T[][]> {
  const { parallelism = 1 } = world
  const outputs = Array.from({ length: parallelism }, () => new CollectingReaderOutput<T>())
  const readers: ReturnType<typeof source.createReader>[] = []
  let failure: unknown
  const context: SplitEnumeratorContext<SplitT> = {
    currentParallelism: () => parallelism,
    registeredReaders: () => new Set(readers.keys()),
    assignSplit(split, subtask) {
      const { version } = source.splitSerializer
      const bytes = source.splitSerializer.serialize(split)
      readers[subtask]!.addSplits([source.splitSerializer.deserialize(version, bytes)])
    },
    signalNoMoreSplits: (subtask) => readers[subtask]!.notifyNoMoreSplits(),
    sendEventToSourceReader() {},
    callAsync(work, handler) {
      work()
        .then(
          (result) => handler(result, undefined),
          (error: unknown) => handler(undefined, error),
        )
        .catch((error: unknown) => {
          failure = error
          for (const reader of readers) reader.notifyNoMoreSplits()
        })
    },
    fileSystems: world.fileSystems as FileSystems,
  }
  const enumerator = source.createEnumerator(context)
  enumerator.start()
  for (let i = 0; i < parallelism; i++) {
    readers.push(
      source.createReader(readerContext(world, () => enumerator.handleSplitRequest(i, undefined))),
    )
  }
  await Promise.all(
    readers.map(async (reader, i) => {
      reader.start()
      try {
        for (;;) {
          const status = reader.pollNext(outputs[i]!)
          if (status === 'END_OF_INPUT') break
          if (status === 'NOTHING_AVAILABLE') await reader.isAvailable()
        }
      } finally {
        await reader.close()
      }
    }),
  )
  await enumerator.close()
  if (failure !== undefined) throw failure
  return outputs.map((output) => output.values)
}
