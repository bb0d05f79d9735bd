import { Configuration, SeededRandom, SystemClock } from '@flink-ts/core'
import { HashMapStateBackend } from '@flink-ts/state'
import { createStateBackend } from '@flink-ts/state-lsm'

const clock = new SystemClock()
const ALL = { maxParallelism: 128, keyGroupRange: { start: 0, end: 127 }, clock }
/** Managed memory of a backend on disk. */
const MEMORY_BYTES = 256 * 1024 * 1024

/**
 * The state backends that `npm run bench -- state` measures, by their name in `state.backend.type`. Each makes backends of one subtask that
 * owns all key groups; `scratch` is a folder that is removed afterwards.
 */
export const BACKENDS = {
  hashmap() {
    const backend = new HashMapStateBackend()
    return () => backend.createKeyedStateBackend(ALL)
  },
  lsm(scratch) {
    const backend = createStateBackend({
      configuration: new Configuration(),
      random: new SeededRandom(1),
      directories: [scratch],
      reserveMemory: () => MEMORY_BYTES,
    })
    return () => backend.createKeyedStateBackend(ALL)
  },
}
