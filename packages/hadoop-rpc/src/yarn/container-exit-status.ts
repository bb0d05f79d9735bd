/** Exit codes that YARN gives by itself; 0 to 255 are those of the process. */
export const ContainerExitStatus = {
  SUCCESS: 0,
  INVALID: -1000,
  ABORTED: -100,
  DISKS_FAILED: -101,
  PREEMPTED: -102,
  KILLED_EXCEEDED_VMEM: -103,
  KILLED_EXCEEDED_PMEM: -104,
  KILLED_BY_APPMASTER: -105,
  KILLED_BY_RESOURCEMANAGER: -106,
  KILLED_AFTER_APP_COMPLETION: -107,
  KILLED_BY_CONTAINER_SCHEDULER: -108,
  KILLED_FOR_EXCESS_LOGS: -109,
} as const

const TEXTS: ReadonlyMap<number, string> = new Map([
  [0, 'ended with exit code 0'],
  [-1000, 'was not started, or its files could not be brought to the node'],
  [-100, 'was taken back: its node was lost, or it was released or not used in time'],
  [-101, 'was ended because the disks of its node have failed'],
  [-102, 'was preempted for another application'],
  [-103, 'was killed because it used more virtual memory than its size allows'],
  [-104, 'was killed because it used more memory than its size'],
  [-105, 'was stopped by its ApplicationMaster'],
  [-106, 'was killed by the ResourceManager'],
  [-107, 'was killed after the end of its application'],
  [-108, 'was killed by the scheduler of its node'],
  [-109, 'was killed because its logs grew too large'],
  [134, 'ended by SIGABRT (exit code 134): out of heap, for example'],
  [137, 'was killed by SIGKILL (exit code 137)'],
  [143, 'was ended by SIGTERM (exit code 143)'],
])

/** What an exit code means, as the end of a sentence that begins with the container. */
export function describeContainerExitStatus(exitCode: number): string {
  const text = TEXTS.get(exitCode)
  if (text !== undefined) return exitCode < 0 ? `${text} (exit code ${exitCode})` : text
  return exitCode < 0
    ? `ended by YARN with exit code ${exitCode}`
    : `ended with exit code ${exitCode}`
}
