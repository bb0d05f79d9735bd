import type { SimulatedClusterOptions } from '../simulation/cluster/simulated-cluster-options.js'
import { unleashNemesis } from '../simulation/nemesis/nemesis.js'
import { submitMixedJobs } from './mixed-jobs.js'
import type { Scenario } from './scenario.js'

/** Jobs restart as often as it takes; slots for all of them are there when the faults have ended. */
const CONFIGURATION: Readonly<Record<string, string>> = {
  'restart-strategy.type': 'fixed-delay',
  'restart-strategy.fixed-delay.attempts': '2147483647',
  'restart-strategy.fixed-delay.delay': '1 s',
  'taskmanager.registration.timeout': '60 min',
  'slot.request.timeout': '60 min',
}

function chaosScenario(
  name: string,
  description: string,
  options: Omit<SimulatedClusterOptions, 'seed'>,
): Scenario {
  return {
    name,
    description,
    async run({ random, start }) {
      const cluster = await start({
        // Slow tasks: faults meet them at work, and few steps simulate much time.
        maxTurnMs: 50 + random.next() ** 2 * 1_000,
        ...options,
        configuration: { ...CONFIGURATION, ...options.configuration },
      })
      const jobs = await submitMixedJobs(cluster, random)
      await unleashNemesis(cluster, {
        random,
        periodMs: 5_000 + random.next() * 60_000,
        meanPauseMs: 300 + random.next() * 3_000,
        minTaskManagers: 3,
      })
      await jobs.expectRecovery()
    },
  }
}

export const chaos = chaosScenario(
  'chaos',
  'Faults of all kinds befall a standalone cluster and its TaskManagers; when they end, all jobs are well.',
  { taskManagers: 4 },
)

export const leaderChaos = chaosScenario(
  'leader-chaos',
  'Three JobManagers; leaders crash and change amidst faults of all kinds, and jobs survive.',
  { taskManagers: 4, highlyAvailableJobManagers: 3 },
)

export const elasticChaos = chaosScenario(
  'elastic-chaos',
  'TaskManagers are started for jobs by a cluster manager that refuses, loses, delays and doubles them.',
  { elastic: true },
)
