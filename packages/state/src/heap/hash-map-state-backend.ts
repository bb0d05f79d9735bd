import type {
  KeyedStateBackend,
  KeyedStateBackendOptions,
  StateBackend,
} from '../keyed-state-backend.js'
import { HeapKeyedStateBackend } from './heap-keyed-state-backend.js'

/** `state.backend.type: hashmap`, the default: all state on the heap of the task's thread. */
export class HashMapStateBackend implements StateBackend {
  readonly name = 'hashmap'

  createKeyedStateBackend(options: KeyedStateBackendOptions): KeyedStateBackend {
    return new HeapKeyedStateBackend(options)
  }
}
