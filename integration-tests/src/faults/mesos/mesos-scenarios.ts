import type { Random } from '@flink-ts/core'
import { faultsOf } from '../scenarios.js'
import { AGENT_FAULTS } from './agent-faults.js'
import { JOB_FAULTS } from './job-faults.js'
import { JOB_MANAGER_FAULTS } from './job-manager-faults.js'
import { MASTER_FAULTS } from './master-faults.js'
import type { MesosFault } from './mesos-context.js'
import type { MesosJobMode } from './mesos-fault-job.js'
import { TASK_FAULTS } from './task-faults.js'

const MESOS_FAULTS: readonly MesosFault[] = [
  ...TASK_FAULTS,
  ...AGENT_FAULTS,
  ...MASTER_FAULTS,
  ...JOB_MANAGER_FAULTS,
  ...JOB_FAULTS,
]

export interface MesosScenario {
  readonly name: string
  readonly faults: readonly MesosFault[]
}

/** Groups of faults on Mesos, and each fault by itself. */
export const MESOS_SCENARIOS: readonly MesosScenario[] = [
  { name: 'mesos', faults: MESOS_FAULTS },
  { name: 'mesos-tasks', faults: TASK_FAULTS },
  { name: 'mesos-agents', faults: AGENT_FAULTS },
  { name: 'mesos-masters', faults: MASTER_FAULTS },
  { name: 'mesos-job-managers', faults: JOB_MANAGER_FAULTS },
  { name: 'mesos-jobs', faults: JOB_FAULTS },
  ...MESOS_FAULTS.map((fault) => ({ name: `mesos-${fault.name}`, faults: [fault] })),
]

/** The faults of a scenario in a random order that never ends: each once, then those with more weight more often. */
export function* mesosFaultsOf(
  scenario: MesosScenario,
  random: Random,
): Generator<MesosFault, never> {
  const first = [...scenario.faults]
  while (first.length > 0) yield first.splice(random.nextInt(first.length), 1)[0]!
  return yield* faultsOf(scenario, random)
}

/** Kinds of clusters, one after the other. */
export function* mesosModes(random: Random): Generator<MesosJobMode, never> {
  for (let number = random.nextInt(2); ; number++) yield number % 2 === 0 ? 'session' : 'per-job'
}
