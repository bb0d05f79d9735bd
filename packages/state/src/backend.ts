/** What backends in packages of their own are built from besides the main entry point. No promise of a stable interface. */
export type { SnapshotTimers } from './heap/heap-snapshot.js'
export { HeapTimers } from './heap/heap-timers.js'
export { ByteWriter } from './snapshot/byte-writer.js'
export { StateCodec } from './snapshot/state-codec.js'
