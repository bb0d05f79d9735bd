export { HashMapStateBackend } from './heap/hash-map-state-backend.js'
export { HeapKeyedStateBackend } from './heap/heap-keyed-state-backend.js'
export { KeyGroupOutOfRangeError } from './key-group-out-of-range-error.js'
export type {
  KeyedStateBackend,
  KeyedStateBackendOptions,
  StateBackend,
} from './keyed-state-backend.js'
export { NoCurrentKeyError } from './no-current-key-error.js'
export { StateNameTakenError } from './state-name-taken-error.js'
