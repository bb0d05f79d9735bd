import type { ApplicationStatus, ResourceManagerDriver } from '@flink-ts/runtime'
import type { SimulatedProcess } from './simulated-process.js'
import type { SimulatedWorld } from './simulated-world.js'

/** How bad a cluster manager is: probabilities per request, from 0 to 1. */
export interface ContainerFaults {
  /** The request is refused. */
  readonly refused: number
  /** The worker is granted and never comes up; the driver is told after a while, or never. */
  readonly lost: number
  /** The worker comes a minute or two late. */
  readonly late: number
  /** Something is told, or done, twice. */
  readonly duplicated: number
}

/** All workers come as asked. */
export const RELIABLE_CONTAINERS: ContainerFaults = { refused: 0, lost: 0, late: 0, duplicated: 0 }

/** What a cluster manager has of the simulated cluster. */
export interface ClusterManagerOptions {
  readonly world: SimulatedWorld
  /** @returns its number */
  readonly startWorker: (resourceId: string) => Promise<number>
  /** It ends at once. */
  readonly stopWorker: (number: number) => void
  /** Machines that it has, if it is Mesos. Default 4. */
  readonly mesosAgents?: number | undefined
}

/** Starts TaskManagers, for all JobManagers of a simulated cluster. */
export interface ClusterManager {
  /** Resource ids of containers that were not released and have not ended. */
  readonly containers: readonly string[]
  /** How the application ended, as it was told first; undefined: it goes on. */
  readonly finalStatus: ApplicationStatus | undefined
  /** Exchange it at any time. */
  faults: ContainerFaults
  driverOf(process: SimulatedProcess): ResourceManagerDriver
  /** A TaskManager has ended by itself. */
  workerEnded(number: number): void
  /** Its faults end. */
  heal(): void
  /** Nothing of it goes on. */
  close(): void
}
