import type { Source, SourceReaderContext, SplitEnumeratorContext } from '@flink-ts/core'
import { jsonSerializer } from '../splits/json-serializer.js'
import {
  type SplitQueueCheckpoint,
  SplitQueueEnumerator,
} from '../splits/split-queue-enumerator.js'
import { TextFileReader } from './text-file-reader.js'
import { findTextFileSplits, type TextFileSplit } from './text-file-split.js'

/** Settings of a text file source. JSON. */
export interface TextFileSourceConfig {
  /** URI or absolute path of a file or a folder. */
  readonly path: string
}

const splitSerializer = jsonSerializer<TextFileSplit>('a split of a text file')
const enumeratorCheckpointSerializer = jsonSerializer<SplitQueueCheckpoint<TextFileSplit>>(
  'the splits of text files',
)

/**
 * A bounded source of the lines of a file, or of the files of a folder, in UTF-8; also its enumerator side on the
 * JobManager. Several readers share one file. Lines end with `\n` or `\r\n`, which are no part of them.
 */
export function createTextFileSource(
  config: TextFileSourceConfig,
): Source<string, TextFileSplit, SplitQueueCheckpoint<TextFileSplit>> {
  const { path } = config
  const enumerator = (
    context: SplitEnumeratorContext<TextFileSplit>,
    checkpoint?: SplitQueueCheckpoint<TextFileSplit>,
  ) => {
    const discover = () =>
      findTextFileSplits(context.fileSystems.forPath(path), path, context.currentParallelism())
    return new SplitQueueEnumerator(context, discover, checkpoint)
  }
  return {
    boundedness: 'BOUNDED',
    createReader: (context: SourceReaderContext) => new TextFileReader(context),
    createEnumerator: (context) => enumerator(context),
    restoreEnumerator: (context, checkpoint) => enumerator(context, checkpoint),
    splitSerializer,
    enumeratorCheckpointSerializer,
    coordinatorReference: {
      module: '@flink-ts/streaming',
      exportName: 'createTextFileSource',
      config: { path },
    },
  }
}
