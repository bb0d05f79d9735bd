import { CONTAINER_FAULTS } from './container-faults.js'
import { DAEMON_FAULTS } from './daemon-faults.js'
import { JOB_FAULTS } from './job-faults.js'
import type { YarnFault } from './yarn-context.js'

const YARN_FAULTS: readonly YarnFault[] = [...CONTAINER_FAULTS, ...DAEMON_FAULTS, ...JOB_FAULTS]

/** Groups of faults on YARN, and each fault by itself. */
export const YARN_SCENARIOS: readonly {
  readonly name: string
  readonly faults: readonly YarnFault[]
}[] = [
  { name: 'yarn', faults: YARN_FAULTS },
  { name: 'yarn-containers', faults: CONTAINER_FAULTS },
  { name: 'yarn-daemons', faults: DAEMON_FAULTS },
  ...YARN_FAULTS.map((fault) => ({ name: `yarn-${fault.name}`, faults: [fault] })),
]
