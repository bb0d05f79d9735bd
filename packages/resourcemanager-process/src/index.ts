export { createResourceManagerDriver } from './create-resource-manager-driver.js'
export { LocalProcesses, type Termination, type WorkerProcess } from './local-processes.js'
export {
  ProcessResourceManagerDriver,
  type ProcessResourceManagerDriverOptions,
} from './process-resource-manager-driver.js'
