export {
  CheckpointLocationTakenError,
  CheckpointNotFoundError,
  SharedStateMissingError,
} from './checkpoint/checkpoint-errors.js'
export type {
  CheckpointKind,
  CheckpointMetadata,
  OperatorState,
} from './checkpoint/checkpoint-metadata.js'
export {
  type CheckpointLocation,
  FileSystemCheckpointStorage,
  type FileSystemCheckpointStorageOptions,
  METADATA_FILE_NAME,
} from './checkpoint/file-system-checkpoint-storage.js'
export { decodeMetadata, encodeMetadata } from './checkpoint/metadata-file.js'
export { type RegisterOptions, SharedStateRegistry } from './checkpoint/shared-state-registry.js'
export type { StateCopies, StateCopy } from './checkpoint/state-copies.js'
export {
  discardStateHandle,
  exclusiveHandles,
  type KeyedStateHandle,
  newHandles,
  type OpenedState,
  type OpenStateHandle,
  type OperatorStateHandle,
  type OperatorSubtaskState,
  openStateHandle,
  type SharedState,
  type StateHandle,
  sizesOf,
} from './checkpoint/state-handle.js'
export {
  type StateOutputStream,
  StateStreams,
  type StateStreamsOptions,
} from './checkpoint/state-output-stream.js'
export { storeKeyedSnapshot, storeOperatorSnapshot } from './checkpoint/store-snapshot.js'
export { ForeignStateError } from './foreign-state-error.js'
export { HashMapStateBackend } from './heap/hash-map-state-backend.js'
export { HeapKeyedStateBackend } from './heap/heap-keyed-state-backend.js'
export { KeyGroupOutOfRangeError } from './key-group-out-of-range-error.js'
export type { KeyedRestore } from './keyed-restore.js'
export type { KeyedSnapshot, SnapshotOptions } from './keyed-snapshot.js'
export type {
  KeyedStateBackend,
  KeyedStateBackendOptions,
  StateBackend,
} from './keyed-state-backend.js'
export { NoCurrentKeyError } from './no-current-key-error.js'
export {
  HeapOperatorStateBackend,
  type HeapOperatorStateBackendOptions,
} from './operator/heap-operator-state-backend.js'
export type {
  OperatorRestore,
  OperatorSnapshot,
  OperatorStateBackend,
} from './operator/operator-state-backend.js'
export { assignKeyGroups, type KeyedRestorePart } from './redistribution/assign-key-groups.js'
export {
  type OperatorRestorePart,
  redistributeOperatorState,
} from './redistribution/redistribute-operator-state.js'
export { checkStateCompatibility, type StateMigration } from './schema/check-state-compatibility.js'
export { convertState } from './schema/convert-state.js'
export { describeState } from './schema/describe-state.js'
export type { Convert, StateDefaults } from './schema/migration.js'
export { parseTypeDescription } from './schema/parse-type-description.js'
export { StateIncompatibleError } from './schema/state-incompatible-error.js'
export type { FileDigest } from './snapshot/frame-writer.js'
export type { SnapshotTimer } from './snapshot/open-block.js'
export {
  type KeyedStateKind,
  type OperatorStateKind,
  parseSnapshotDescription,
  type SnapshotDescription,
  type StateDescription,
  type StateType,
} from './snapshot/snapshot-description.js'
export {
  SnapshotCorruptError,
  SnapshotVersionError,
  StateValueError,
} from './snapshot/snapshot-errors.js'
export {
  type SnapshotBlock,
  type SnapshotEntry,
  SnapshotReader,
} from './snapshot/snapshot-reader.js'
export {
  type SnapshotSource,
  snapshotSourceOfBytes,
  snapshotSourceOfFile,
} from './snapshot/snapshot-source.js'
export {
  type SnapshotSummary,
  SnapshotWriter,
  type SnapshotWriterOptions,
} from './snapshot/snapshot-writer.js'
export { TimedValue } from './snapshot/timed-value.js'
export type { StateBackendContext, StateBackendFactory } from './state-backend-plugin.js'
export { StateNameTakenError } from './state-name-taken-error.js'
export { ValueAggregatingState } from './states/value-aggregating-state.js'
export { ValueReducingState } from './states/value-reducing-state.js'
export type { KeyedTimer, TimerStateSource } from './timer-state-source.js'
export { TtlListState } from './ttl/ttl-list-state.js'
export { TtlMapState } from './ttl/ttl-map-state.js'
export { TtlPolicy } from './ttl/ttl-policy.js'
export { TtlValueState } from './ttl/ttl-value-state.js'
