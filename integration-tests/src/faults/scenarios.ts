import type { Random } from '@flink-ts/core'
import type { CheckpointStorageKind } from './checkpoint-storage.js'
import type { Fault } from './fault.js'
import { CHANGE_LEADERS, LEADER_FAULTS } from './leader-faults.js'
import { NETWORK_FAULTS } from './network-faults.js'
import { PROCESS_FAULTS } from './process-faults.js'
import { STATE_FAULTS } from './state-faults.js'
import { STORAGE_FAULTS } from './storage-faults.js'
import { ZOOKEEPER_FAULTS } from './zookeeper-faults.js'

/** All faults that there are. */
export const FAULTS: readonly Fault[] = [...PROCESS_FAULTS, ...NETWORK_FAULTS, ...STATE_FAULTS]

/** Another parallelism while the job runs: needs the adaptive scheduler. */
const CHANGE_REQUIREMENTS: Fault = {
  name: 'change-requirements',
  weight: 6,
  restarts: true,
  async inject({ job, nextParallelism, note }) {
    const parallelism = nextParallelism()
    note(`to ${parallelism}`)
    await job.rescale(parallelism)
    return true
  },
}

/** Which faults a run does. */
export interface FaultScenario {
  readonly name: string
  readonly faults: readonly Fault[]
  /** Of jobs, over what all jobs of the fault run have. */
  readonly configuration?: Readonly<Record<string, string>>
  /** Of the cluster. */
  readonly clusterConfiguration?: Readonly<Record<string, string>>
  /** Where checkpoints and savepoints are kept; default local. */
  readonly storage?: CheckpointStorageKind
  /** Several JobManagers with a ZooKeeper ensemble; default one without. */
  readonly hasStandbys?: boolean
}

const UNALIGNED = {
  'execution.checkpointing.unaligned.enabled': 'true',
  'execution.checkpointing.aligned-checkpoint-timeout': '0 ms',
}

/** Barriers are aligned at first, and overtake when that takes too long: often, with a consumer that is slow. */
const ALIGNED_AT_FIRST = {
  ...UNALIGNED,
  'execution.checkpointing.aligned-checkpoint-timeout': '150 ms',
}

const ON_DISK = { 'state.backend.type': 'lsm', 'execution.checkpointing.incremental': 'true' }

/** With a server that can go away, faults of it come often. */
const REMOTE = [...FAULTS.filter(({ name }) => name !== 'fill-disk'), ...STORAGE_FAULTS]

/** Nobody has to bring a job back after its JobManager is gone. */
const WITH_STANDBYS = [
  ...LEADER_FAULTS,
  ...ZOOKEEPER_FAULTS,
  ...FAULTS.filter(({ name }) => name !== 'kill-job-manager').map((fault) => ({
    ...fault,
    weight: 1,
  })),
]

/** One of each sort, those that take little time: for `npm test`. */
const SHORT = [
  'throw-in-function',
  'kill-task-manager',
  'fail-commit',
  'break-data',
  'damage-newest',
  'cancel-and-restore',
]

/** Groups of faults, and each fault by itself. */
export const FAULT_SCENARIOS: readonly FaultScenario[] = [
  { name: 'all', faults: FAULTS },
  { name: 'unaligned', faults: FAULTS, configuration: UNALIGNED },
  {
    name: 'aligned-timeout',
    faults: FAULTS.map((fault) =>
      fault.name === 'slow-consumer' ? { ...fault, weight: 8 } : fault,
    ),
    configuration: ALIGNED_AT_FIRST,
  },
  {
    name: 'adaptive',
    faults: [...FAULTS, CHANGE_REQUIREMENTS],
    clusterConfiguration: { 'jobmanager.scheduler': 'Adaptive' },
  },
  {
    name: CHANGE_REQUIREMENTS.name,
    faults: [CHANGE_REQUIREMENTS],
    clusterConfiguration: { 'jobmanager.scheduler': 'Adaptive' },
  },
  { name: 'disk', faults: FAULTS, clusterConfiguration: ON_DISK },
  {
    name: 'disk-unaligned',
    faults: FAULTS,
    configuration: UNALIGNED,
    clusterConfiguration: ON_DISK,
  },
  { name: 's3', faults: REMOTE, storage: 's3' },
  { name: 'hdfs', faults: REMOTE, storage: 'hdfs' },
  { name: 'zookeeper-ha', faults: WITH_STANDBYS, hasStandbys: true },
  { name: 'leader-changes', faults: [CHANGE_LEADERS], hasStandbys: true },
  { name: 'processes', faults: PROCESS_FAULTS },
  { name: 'network', faults: NETWORK_FAULTS },
  { name: 'state', faults: STATE_FAULTS },
  {
    name: 'short',
    faults: FAULTS.filter(({ name }) => SHORT.includes(name)).map((fault) => ({
      ...fault,
      weight: 1,
    })),
  },
  ...FAULTS.map((fault) => ({ name: fault.name, faults: [fault] })),
  ...STORAGE_FAULTS.map(
    (fault): FaultScenario => ({ name: fault.name, faults: [fault], storage: 's3' }),
  ),
  ...[...LEADER_FAULTS, ...ZOOKEEPER_FAULTS].map((fault) => ({
    name: fault.name,
    faults: [fault],
    hasStandbys: true,
  })),
]

/** The faults of a scenario in a random order that never ends, those with more weight more often. */
export function* faultsOf<F extends { readonly weight: number }>(
  scenario: { readonly faults: readonly F[] },
  random: Random,
): Generator<F, never> {
  const all = scenario.faults.flatMap((fault) => Array.from({ length: fault.weight }, () => fault))
  for (;;) {
    // Every fault comes before any comes too often again.
    const round = [...all]
    while (round.length > 0) yield round.splice(random.nextInt(round.length), 1)[0]!
  }
}
