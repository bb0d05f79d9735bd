import { rmSync } from 'node:fs'
import type { MesosAgent } from '../../clusters/mesos.js'
import { until } from '../../support/until.js'
import { lasting } from '../fault.js'
import {
  busyAgent,
  type MesosContext,
  type MesosFault,
  SLOW_MS,
  untilNoneIsForgotten,
} from './mesos-context.js'

/** An agent is silent until its tasks cannot be reached. They run on beside their replacements, and end when it is back. */
async function loseAgent(
  context: MesosContext,
  silence: (agent: MesosAgent) => Promise<void>,
  end: (agent: MesosAgent) => Promise<void>,
): Promise<boolean> {
  const { cluster, random, note } = context
  const found = await busyAgent(context)
  if (found === undefined) return false
  const { agent, agentId, victims } = found
  await silence(agent)
  try {
    await until(
      `${agent.name} is unreachable`,
      async () => {
        const agents = await cluster.operator.agents()
        return !agents.some(({ id, active }) => id === agentId && active) && unreachable()
      },
      SLOW_MS,
    )
    context.happens()
    await lasting(random.nextInt(8000))
    note(`${victims.filter((id) => cluster.isRunning(id)).length} of ${victims.length} still run`)
  } finally {
    await end(agent)
  }
  await cluster.untilMesosIsWell()
  await until(
    'what ran on the lost agent has ended',
    () => !victims.some((id) => cluster.isRunning(id)),
    SLOW_MS,
  )
  return true

  async function unreachable(): Promise<boolean> {
    const tasks = await cluster.operator.allTasks()
    return victims.every((id) => tasks.get(id)?.state === 'TASK_UNREACHABLE')
  }
}

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
  {
    name: 'restart-agent',
    weight: 2,
    restarts: false,
    async inject(context) {
      const found = await busyAgent(context)
      if (found === undefined) return false
      await found.agent.kill()
      await lasting(context.random.nextInt(1500))
      await found.agent.restart()
      return true
    },
  },
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
      await context.cluster.untilMesosIsWell()
      return true
    },
  },
  {
    name: 'lose-agent',
    weight: 3,
    restarts: true,
    inject: (context) =>
      loseAgent(
        context,
        (agent) => agent.kill(),
        (agent) => agent.restart(),
      ),
  },
  {
    name: 'pause-agent-until-lost',
    weight: 1,
    restarts: true,
    inject: (context) =>
      loseAgent(
        context,
        async (agent) => agent.pause(),
        async (agent) => agent.resume(),
      ),
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
