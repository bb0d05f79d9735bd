export {
  LsmKeyedStateBackend,
  type LsmKeyedStateBackendOptions,
} from './keyed/lsm-keyed-state-backend.js'
export { createStateBackend, LsmStateBackend } from './lsm-state-backend.js'
export { hashBytes } from './store/hash-bytes.js'
export { LocalTableFiles } from './store/local-table-files.js'
export { LsmStore, type LsmStoreOptions } from './store/lsm-store.js'
export { StateFileError } from './store/state-file-error.js'
export { TableCorruptError } from './store/table-corrupt-error.js'
export type { TableFileReader, TableFiles, TableFileWriter } from './store/table-files.js'
