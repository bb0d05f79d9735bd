import { runFaults } from './fault-run.js'
import { runMesosFaults } from './mesos/mesos-fault-run.js'
import { MESOS_SCENARIOS } from './mesos/mesos-scenarios.js'
import type { FaultRunResult, RunFrameOptions } from './run-frame.js'
import { FAULT_SCENARIOS } from './scenarios.js'
import { runYarnFaults } from './yarn/yarn-fault-run.js'
import { YARN_SCENARIOS } from './yarn/yarn-scenarios.js'

/** A scenario by its name, whatever it runs on. */
export interface ScenarioRun {
  readonly name: string
  run(options: RunFrameOptions): Promise<FaultRunResult>
}

/** All there are. */
export const SCENARIO_RUNS: readonly ScenarioRun[] = [
  ...runsOf(FAULT_SCENARIOS, runFaults),
  ...runsOf(YARN_SCENARIOS, runYarnFaults),
  ...runsOf(MESOS_SCENARIOS, runMesosFaults),
]

function runsOf<S extends { readonly name: string }>(
  scenarios: readonly S[],
  run: (options: RunFrameOptions & { readonly scenario: S }) => Promise<FaultRunResult>,
): ScenarioRun[] {
  return scenarios.map((scenario) => ({
    name: scenario.name,
    run: (options) => run({ ...options, scenario }),
  }))
}
