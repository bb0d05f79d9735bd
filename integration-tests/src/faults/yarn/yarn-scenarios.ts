import type { Random } from '@flink-ts/core'
import { faultsOf } from '../scenarios.js'
import { CONTAINER_FAULTS } from './container-faults.js'
import { DAEMON_FAULTS } from './daemon-faults.js'
import { JOB_FAULTS } from './job-faults.js'
import type { YarnFault } from './yarn-context.js'
import type { YarnJobMode } from './yarn-fault-job.js'

const YARN_FAULTS: readonly YarnFault[] = [...CONTAINER_FAULTS, ...DAEMON_FAULTS, ...JOB_FAULTS]

export interface YarnScenario {
  readonly name: string
  readonly faults: readonly YarnFault[]
}

/** Groups of faults on YARN, and each fault by itself. */
export const YARN_SCENARIOS: readonly YarnScenario[] = [
  { name: 'yarn', faults: YARN_FAULTS },
  { name: 'yarn-containers', faults: CONTAINER_FAULTS },
  { name: 'yarn-daemons', faults: DAEMON_FAULTS },
  ...YARN_FAULTS.map((fault) => ({ name: `yarn-${fault.name}`, faults: [fault] })),
]

/** The faults of a scenario in a random order that never ends: each once, then those with more weight more often. */
export function* yarnFaultsOf(scenario: YarnScenario, random: Random): Generator<YarnFault, never> {
  const first = [...scenario.faults]
  // A run of ten minutes has time for some twenty.
  while (first.length > 0) yield first.splice(random.nextInt(first.length), 1)[0]!
  return yield* faultsOf(scenario, random)
}

/** Kinds of clusters, one after the other. */
export function* yarnModes(random: Random): Generator<YarnJobMode, never> {
  for (let number = random.nextInt(2); ; number++)
    yield number % 2 === 0 ? 'per-job' : 'application'
}
