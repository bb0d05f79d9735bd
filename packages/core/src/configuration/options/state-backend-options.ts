import { ConfigOptions } from '../config-options.js'

/** Where keyed state is. Read from the job's configuration over that of the cluster. */
export const StateBackendOptions = {
  TYPE: ConfigOptions.key('state.backend.type')
    .enumType('hashmap', 'lsm', 'rocksdb')
    .defaultValue('hashmap')
    .withDeprecatedKeys('state.backend')
    .withDescription(
      '`hashmap`: on the heap of the tasks. `lsm`: in files below `io.tmp.dirs`, for state larger than memory; its memory is managed memory (package `@flink-ts/state-lsm`). `rocksdb` is taken for `lsm`: there is no RocksDB in it, and `state.backend.rocksdb.*` has no effect.',
    ),
} as const
