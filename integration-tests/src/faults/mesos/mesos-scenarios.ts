import { JOB_FAULTS } from '../managed/job-faults.js'
import { eachAlone, type ManagedScenario } from '../managed/managed-scenario.js'
import { AGENT_FAULTS } from './agent-faults.js'
import { JOB_MANAGER_FAULTS } from './job-manager-faults.js'
import { MASTER_FAULTS } from './master-faults.js'
import type { MesosFault } from './mesos-context.js'
import { TASK_FAULTS } from './task-faults.js'

const MESOS_FAULTS: readonly MesosFault[] = [
  ...TASK_FAULTS,
  ...AGENT_FAULTS,
  ...MASTER_FAULTS,
  ...JOB_MANAGER_FAULTS,
  ...JOB_FAULTS,
]

export type MesosScenario = ManagedScenario<MesosFault>

/** Groups of faults on Mesos, and each fault by itself. */
export const MESOS_SCENARIOS: readonly MesosScenario[] = [
  { name: 'mesos', faults: MESOS_FAULTS },
  { name: 'mesos-tasks', faults: TASK_FAULTS },
  { name: 'mesos-agents', faults: AGENT_FAULTS },
  { name: 'mesos-masters', faults: MASTER_FAULTS },
  { name: 'mesos-job-managers', faults: JOB_MANAGER_FAULTS },
  { name: 'mesos-jobs', faults: JOB_FAULTS },
  ...eachAlone('mesos', MESOS_FAULTS),
]
