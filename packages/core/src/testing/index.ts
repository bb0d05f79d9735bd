export { ManualClock } from '../clock/manual-clock.js'
export {
  type FileSystemPromise,
  type FileSystemUnderTest,
  fileSystemContract,
} from './file-system-contract.js'
