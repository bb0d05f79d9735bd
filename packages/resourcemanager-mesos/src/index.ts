export type { LaunchedWorker, WorkerLauncher, WorkerNeeds } from './launch/worker-launcher.js'
