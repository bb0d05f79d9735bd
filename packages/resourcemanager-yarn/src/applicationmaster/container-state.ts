/**
 * A container that YARN gave: ALLOCATED until its NodeManager is asked to start it, STARTING until that has answered,
 * RUNNING while a TaskManager should be in it, RELEASING once it was given back, until YARN says that it has ended. A
 * container that is wanted has no id yet, so the state REQUESTED is that of a `ContainerRequest`.
 */
export type TrackedContainerState = 'ALLOCATED' | 'STARTING' | 'RUNNING' | 'RELEASING' | 'COMPLETED'

/** Which state may follow which. */
export const CONTAINER_TRANSITIONS: Readonly<
  Record<TrackedContainerState, readonly TrackedContainerState[]>
> = {
  ALLOCATED: ['STARTING', 'RELEASING', 'COMPLETED'],
  STARTING: ['RUNNING', 'RELEASING', 'COMPLETED'],
  RUNNING: ['RELEASING', 'COMPLETED'],
  RELEASING: ['COMPLETED'],
  COMPLETED: [],
}
