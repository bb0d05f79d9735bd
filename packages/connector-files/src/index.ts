// sink
export {
  type BucketAssigner,
  type BucketAssignerContext,
  basePathBucketAssigner,
  dateTimeBucketAssigner,
} from './sink/bucket-assigner.js'
export { FileSink, FileSinkBuilder } from './sink/file-sink.js'
export type { Encoder, FileSinkCommittable, FileWriterState } from './sink/file-writer.js'
export type { OutputFileConfig } from './sink/part-names.js'
export {
  onCheckpointRollingPolicy,
  type PartFileInfo,
  type RollingPolicy,
  sizeRollingPolicy,
} from './sink/rolling-policy.js'
// source
export {
  createFileSource,
  FileSource,
  FileSourceBuilder,
  TextLineInputFormat,
} from './source/file-source.js'
export type { FileSourceCheckpoint, FileSourceConfig } from './source/file-split-enumerator.js'
