import type { ContainerStatus } from '@flink-ts/hadoop-rpc'

/** As many characters of YARN's own words as go into a log line. */
const MAX_DIAGNOSTICS = 4_000

/** What the numbers mean with which YARN says why a container ended. */
const MEANINGS: Readonly<Record<number, string>> = {
  [-1000]:
    'it could not be started: its files could not be brought to the node, or its start was invalid',
  [-100]: 'it was given back, or its node is lost',
  [-101]: 'disks of its node failed',
  [-102]: 'YARN preempted it for another application',
  [-103]:
    'it used more virtual memory than YARN allows: set yarn.nodemanager.vmem-check-enabled to false on the nodes, Node.js reserves far more address space than it uses',
  [-104]:
    'it used more memory than it was given: raise taskmanager.memory.process.size, or taskmanager.memory.jvm-overhead.min within it',
  [-105]: 'it was stopped',
  [-106]: 'YARN killed it',
  [-107]: 'its application had ended',
  [-108]: "its node's scheduler killed it",
  [-109]: 'its log files grew over the limit of YARN',
  0: 'its TaskManager ended by itself',
  134: 'Node.js aborted, most likely because its heap was full (one growing array or Map is enough): raise the memory of the TaskManager',
  137: 'it was killed, by somebody or by the system for want of memory',
  143: 'it was told to end (SIGTERM)',
}

/** Why a container ended, for people: exit code, what it means, and what YARN and the container's own error output say. */
export function describeContainerExit({ exitCode, diagnostics }: ContainerStatus): string {
  const meaning = MEANINGS[exitCode]
  const head = `container ended with exit code ${exitCode}${meaning === undefined ? '' : `: ${meaning}`}`
  const words = lastOf(diagnostics.trim())
  return words === '' ? head : `${head}; YARN says: ${words}`
}

/** The end of a text tells more: that is where the last lines of the process are. */
function lastOf(text: string): string {
  return text.length <= MAX_DIAGNOSTICS ? text : `… ${text.slice(-MAX_DIAGNOSTICS)}`
}
