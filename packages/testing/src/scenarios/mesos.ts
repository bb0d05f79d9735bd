import { SimulatedMesosManager } from '../simulation/cluster/simulated-mesos-manager.js'
import { badContainers, unleashNemesis } from '../simulation/nemesis/nemesis.js'
import { CHAOS_CONFIGURATION } from './chaos.js'
import { submitMixedJobs } from './mixed-jobs.js'
import type { Scenario } from './scenario.js'

export const mesosChaos: Scenario = {
  name: 'mesos-chaos',
  description:
    'JobManagers are frameworks of a Mesos whose masters, agents and tasks fail amidst faults of all kinds; jobs survive, no task is left over.',
  async run({ random, start }) {
    const cluster = await start({
      elastic: 'mesos',
      highlyAvailableJobManagers: 2,
      maxTurnMs: 50 + random.next() ** 2 * 1_000,
      configuration: { ...CHAOS_CONFIGURATION, 'taskmanager.registration.timeout': '5 min' },
    })
    const { clusterManager } = cluster
    if (random.next() < 0.5) cluster.faultInjection.containers(badContainers(random))
    const jobs = await submitMixedJobs(cluster, random)
    const harmRate = random.next() * 0.5
    await unleashNemesis(cluster, {
      random,
      periodMs: 5_000 + random.next() * 60_000,
      meanPauseMs: 300 + random.next() * 3_000,
      minTaskManagers: 3,
      async look() {
        if (clusterManager instanceof SimulatedMesosManager && random.next() < harmRate) {
          clusterManager.harm()
        }
      },
    })
    await jobs.expectRecovery()
  },
}
