export { type StateDescription, type StateType, TimedValue } from '@flink-ts/state'
export {
  type DescribeOptions,
  describeSavepoint,
  type KeyGroupCount,
  type OperatorSummary,
  type StateSummary,
  type SubtaskSummary,
} from './describe-savepoint.js'
export type { KeyedEntry, KeyGroupOfState } from './keyed-entries.js'
export type {
  KeyedStateRecord,
  OperatorDefinition,
  OperatorStateRecord,
  OperatorTransformation,
  Records,
} from './operator-definition.js'
export { SavepointReader, type SavepointReaderOptions } from './savepoint-reader.js'
export { SavepointWriter, type SavepointWriterOptions } from './savepoint-writer.js'
export {
  DuplicateKeyError,
  NativeStateError,
  NotASavepointError,
  StateToolUsageError,
  UnknownOperatorError,
  UnknownStateError,
} from './state-tool-errors.js'
export { valueToJson } from './value-to-json.js'
