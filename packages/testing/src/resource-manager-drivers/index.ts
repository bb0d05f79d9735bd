export { DriverClock } from './driver-clock.js'
export { DriverStore } from './driver-store.js'
export { MortalProcess } from './mortal-process.js'
export { RecordedEvents } from './recorded-events.js'
export { RequestedWorker } from './requested-worker.js'
export {
  type DriverFault,
  type DriverUnderFaults,
  runDriverFaults,
  settle,
  stopLeading,
} from './run-driver-faults.js'
export { type DriverTerm, WorkerDemand, type WorkerDemandOptions } from './worker-demand.js'
export { workerSpec } from './worker-spec.js'
