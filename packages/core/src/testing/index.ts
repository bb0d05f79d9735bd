export { ManualClock } from '../clock/manual-clock.js'
export { fileSystemContract } from './file-system-contract.js'
export type { FileSystemPromise, FileSystemUnderTest } from './file-system-under-test.js'
