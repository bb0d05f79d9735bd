import type { SimulatedClusterOptions } from '../simulation/cluster/simulated-cluster-options.js'
import { badContainers, unleashNemesis } from '../simulation/nemesis/nemesis.js'
import { submitMixedJobs } from './mixed-jobs.js'
import type { Scenario } from './scenario.js'

/** Jobs restart as often as it takes; slots for all of them are there when the faults have ended. */
export const CHAOS_CONFIGURATION: Readonly<Record<string, string>> = {
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
        configuration: { ...CHAOS_CONFIGURATION, ...options.configuration },
      })
      // Workers are asked for as soon as there are jobs.
      if (options.elastic === true && random.next() < 0.7) {
        cluster.faultInjection.containers(badContainers(random))
      }
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
  // Workers that nobody asked for give up within this time.
  { elastic: true, configuration: { 'taskmanager.registration.timeout': '5 min' } },
)
