import type {
  ModuleReference,
  Source,
  SourceReaderContext,
  SplitEnumeratorContext,
} from '@flink-ts/core'
import type { IndexRangeSplit } from './assigned-ranges.js'
import { IndexRangeReader, splitIndexRange } from './index-range-reader.js'
import { jsonSerializer } from './json-serializer.js'
import { type SplitQueueCheckpoint, SplitQueueEnumerator } from './split-queue-enumerator.js'

const splitSerializer = jsonSerializer<IndexRangeSplit>('a split of an index range')
const checkpointSerializer = jsonSerializer<SplitQueueCheckpoint<IndexRangeSplit>>(
  'the splits of an index range',
)

/** What a source over the indexes `start` … `start + count - 1` is made of. */
export interface IndexRangeSourceOptions<T> {
  readonly start: number
  readonly count: number
  readonly elementAt: (index: number) => T
  readonly coordinatorReference: ModuleReference
}

/** A bounded source whose elements are numbered: each subtask gets one range of the numbers. */
export function indexRangeSource<T>(
  options: IndexRangeSourceOptions<T>,
): Source<T, IndexRangeSplit, SplitQueueCheckpoint<IndexRangeSplit>> {
  const { start, count, elementAt, coordinatorReference } = options
  const enumerator = (
    context: SplitEnumeratorContext<IndexRangeSplit>,
    checkpoint?: SplitQueueCheckpoint<IndexRangeSplit>,
  ) =>
    new SplitQueueEnumerator(
      context,
      () => splitIndexRange(start, count, context.currentParallelism()),
      checkpoint,
    )
  return {
    boundedness: 'BOUNDED',
    createReader: (context: SourceReaderContext) => new IndexRangeReader(context, elementAt),
    createEnumerator: (context) => enumerator(context),
    restoreEnumerator: (context, checkpoint) => enumerator(context, checkpoint),
    splitSerializer,
    enumeratorCheckpointSerializer: checkpointSerializer,
    coordinatorReference,
  }
}
