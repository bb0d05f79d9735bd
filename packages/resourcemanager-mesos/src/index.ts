export { createResourceManagerDriver } from './framework/create-resource-manager-driver.js'
export { FrameworkIdFile } from './framework/framework-id-file.js'
export { type FrameworkPlace, frameworkInfoOf } from './framework/framework-info.js'
export type { OfferTakerFactory, OfferTakerSeam } from './framework/framework-term.js'
export {
  MesosResourceManagerDriver,
  type MesosResourceManagerDriverOptions,
} from './framework/mesos-resource-manager-driver.js'
export type {
  LaunchedWorker,
  RunningWorkerLauncher,
  WorkerLauncher,
  WorkerNeeds,
} from './launch/worker-launcher.js'
export {
  LaunchCoordinator,
  type LaunchCoordinatorOptions,
} from './offers/launch-coordinator.js'
export type { LaunchCoordinatorSettings } from './offers/launch-coordinator-settings.js'
export type {
  OfferTaker,
  PlacedTask,
  Placement,
  PlacementHandler,
  PlacementRequest,
  UnsatisfiedListener,
} from './offers/placement.js'
