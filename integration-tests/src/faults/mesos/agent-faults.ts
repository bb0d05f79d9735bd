import { rmSync } from 'node:fs'
import { until } from '../../support/until.js'
import { lasting } from '../fault.js'
import { type BusyHost, hostFaults } from '../managed/host-faults.js'
import { SLOW_MS } from '../managed/managed-cluster.js'
import {
  busyAgent,
  type MesosContext,
  type MesosFault,
  untilNoneIsForgotten,
} from './mesos-context.js'

/** As {@link busyAgent}: it is lost when its tasks cannot be reached. */
async function busyHost(context: MesosContext): Promise<BusyHost | undefined> {
  const { operator } = context.cluster
  const found = await busyAgent(context)
  if (found === undefined) return undefined
  const { agent, agentId, victims } = found
  return {
    daemon: agent,
    victims,
    async untilLost() {
      await until(
        `${agent.name} is unreachable`,
        async () => {
          const isActive = (await operator.agents()).some(
            ({ id, active }) => id === agentId && active,
          )
          if (isActive) return false
          const tasks = await operator.allTasks()
          return victims.every((id) => tasks.get(id)?.state === 'TASK_UNREACHABLE')
        },
        SLOW_MS,
      )
    },
    untilBack: () => context.cluster.untilWell(),
  }
}

const HOST_FAULTS = hostFaults({ daemon: 'agent', maxDownMs: 1500, find: busyHost })

/** A machine is gone with all that ran on it; another one comes to its place. */
async function loseMachine(context: MesosContext, before: () => Promise<void>): Promise<boolean> {
  const { cluster, random } = context
  const found = await busyAgent(context)
  if (found === undefined) return false
  const { agent, agentId, victims } = found
  context.happens()
  await before()
  await agent.kill()
  try {
    await Promise.all(victims.map((id) => cluster.kill(id)))
    await cluster.operator.markAgentGone(agentId)
    await lasting(random.nextInt(4000))
  } finally {
    rmSync(agent.workFolder, { recursive: true })
    await agent.restart()
  }
  return true
}

/** Faults of agents. */
export const AGENT_FAULTS: readonly MesosFault[] = [
  HOST_FAULTS.restart,
  {
    name: 'pause-agent',
    weight: 1,
    restarts: false,
    async inject(context) {
      const found = await busyAgent(context)
      if (found === undefined) return false
      found.agent.pause()
      try {
        await lasting(200 + context.random.nextInt(1800))
      } finally {
        found.agent.resume()
      }
      await context.cluster.untilWell()
      return true
    },
  },
  HOST_FAULTS.lose,
  HOST_FAULTS.pauseUntilLost,
  {
    // Its TaskManagers hang for good: they cannot see that they were given up, and somebody must tell Mesos to end them.
    name: 'freeze-machine-until-lost',
    weight: 1,
    restarts: true,
    async inject(context) {
      const { cluster, random } = context
      const host = await busyHost(context)
      if (host === undefined) return false
      const { daemon, victims } = host
      context.happens()
      for (const id of victims) cluster.pause(id)
      daemon.pause()
      try {
        await host.untilLost()
        await lasting(random.nextInt(4000))
      } finally {
        daemon.resume()
      }
      await host.untilBack()
      const hang = () => victims.filter((id) => cluster.isRunning(id))
      context.note(`${hang().length} of ${victims.length} hang on the machine that is back`)
      await until('the TaskManagers that hang have ended', () => hang().length === 0, SLOW_MS)
      return true
    },
  },
  {
    name: 'lose-machine',
    weight: 2,
    restarts: true,
    inject: (context) => loseMachine(context, async () => {}),
  },
  {
    // The next JobManager finds out what has become of its TaskManagers.
    name: 'lose-machine-without-job-manager',
    weight: 1,
    restarts: true,
    async inject(context) {
      const { cluster, random } = context
      const done = await loseMachine(context, () => cluster.jobManager.kill(true))
      await lasting(random.nextInt(2000))
      cluster.jobManager.release()
      if (done) await untilNoneIsForgotten(context)
      return done
    },
  },
]
