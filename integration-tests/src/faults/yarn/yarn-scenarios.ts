import { JOB_FAULTS } from '../managed/job-faults.js'
import { eachAlone, type ManagedScenario } from '../managed/managed-scenario.js'
import { CONTAINER_FAULTS } from './container-faults.js'
import { DAEMON_FAULTS } from './daemon-faults.js'
import type { YarnFault } from './yarn-context.js'

const YARN_FAULTS: readonly YarnFault[] = [...CONTAINER_FAULTS, ...DAEMON_FAULTS, ...JOB_FAULTS]

export type YarnScenario = ManagedScenario<YarnFault>

/** Groups of faults on YARN, and each fault by itself. */
export const YARN_SCENARIOS: readonly YarnScenario[] = [
  { name: 'yarn', faults: YARN_FAULTS },
  { name: 'yarn-containers', faults: CONTAINER_FAULTS },
  { name: 'yarn-daemons', faults: DAEMON_FAULTS },
  ...eachAlone('yarn', YARN_FAULTS),
]
