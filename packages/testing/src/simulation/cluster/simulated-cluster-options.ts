import type { SimulatedWorldOptions } from './simulated-world.js'

export interface SimulatedClusterOptions extends Omit<SimulatedWorldOptions, 'highAvailability'> {
  /**
   * JobManagers that share a coordination service, of which one leads. Default: one JobManager without
   * high availability.
   */
  readonly highlyAvailableJobManagers?: number
  /** TaskManagers that are started at once. Default 1, or 0 with a cluster manager. */
  readonly taskManagers?: number
  /**
   * There is a cluster manager that starts TaskManagers when they are asked for: one of its own kind, or Mesos with its driver. Default
   * false.
   */
  readonly elastic?: boolean | 'mesos'
  /** Agents of Mesos, if it starts the TaskManagers. Default 4. */
  readonly mesosAgents?: number
  /** `taskmanager.numberOfTaskSlots`. Default 2. */
  readonly slotsPerTaskManager?: number
  /**
   * Longest time that a TaskManager's processor takes for one turn of a task. Default 0.2 ms; more
   * makes jobs last longer, so that faults meet them.
   */
  readonly maxTurnMs?: number
  /**
   * Tasks run no program: each finishes after so long, in virtual milliseconds, and moves no data. For
   * clusters of thousands of TaskManagers.
   */
  readonly taskDurationMs?: number
  /** Flink keys of the cluster. */
  readonly configuration?: Readonly<Record<string, string>>
}
