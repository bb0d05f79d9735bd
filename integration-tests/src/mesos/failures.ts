import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import type { MesosAgent } from '../clusters/mesos.js'
import type { ZooKeeperEnsemble } from '../clusters/zookeeper.js'
import { CountedJob } from '../support/counted-job.js'
import { isAlive, killHard } from '../support/processes.js'
import { until } from '../support/until.js'
import { type MesosPlace, mesosTest } from './mesos-place.js'
import { jobSession, runningTasks, taskManagers, untilTasks } from './observations.js'

/** Longer than the session of a master that is gone, and all that comes after it. */
const ELECTION_MS = 120_000

/** That a job takes after all has happened. */
const SECONDS = 3

/** Keys of a JobManager that another one may follow. */
export function highAvailability(
  folder: string,
  zooKeeper: ZooKeeperEnsemble,
): Record<string, string> {
  const storage = join(folder, 'ha')
  mkdirSync(storage, { recursive: true })
  return {
    'high-availability.type': 'zookeeper',
    'high-availability.zookeeper.quorum': zooKeeper.connectString,
    'high-availability.storageDir': `file://${storage}`,
    'high-availability.zookeeper.client.session-timeout': '4 s',
  }
}

/** What happens to TaskManagers, agents, masters and JobManagers; jobs lose and repeat nothing. */
export async function testFailures(t: Test, place: MesosPlace): Promise<void> {
  const { mesos } = place
  const { operator } = mesos

  /** The agent of a task, and its id. */
  const agentOf = async (taskId: string): Promise<{ id: string; agent: MesosAgent }> => {
    const task = (await operator.allTasks()).get(taskId)!
    const known = (await operator.agents()).find(({ id }) => id === task.agentId)!
    const agent = mesos.agents.find(({ address }) => address.endsWith(`:${known.port}`))!
    return { id: known.id, agent }
  }

  await mesosTest(t, place, 'a session with high availability', async (t) => {
    let jobManager = await place.startSession()
    const { id } = await place.framework()
    const test = (name: string, body: (t: Test, job: CountedJob) => Promise<void>) =>
      t.test(name, async (t) => {
        const job = await CountedJob.start(t, jobSession(place), SECONDS, true)
        await body(t, job)
        await job.checkRows(t)
        t.equal((await place.framework()).id, id, 'it is the same framework')
      })

    await test('a TaskManager is killed', async (t, job) => {
      const [first] = await used(place)
      killHard(place.taskManagerProcess(first!))
      const ids = await untilReplaced(place, first!)
      const running = await until('the master has heard of both', async () => {
        const found = await runningTasks(place)
        return ids.every((id) => found.includes(id)) && found
      })
      t.strictSame(running, ids, 'one was started in its place, no more')
      t.match((await operator.allTasks()).get(first!), { state: 'TASK_FAILED' })
      t.match(await job.failure(), new RegExp(first!), 'the failure names the task')
    })

    await test('an agent is killed and comes back: nothing happens', async (t, job) => {
      const before = await used(place)
      const { agent } = await agentOf(before[0]!)
      await agent.kill()
      await agent.restart()
      await job.untilCheckpoint()
      t.strictSame(await used(place), before, 'the TaskManagers are the same')
    })

    await test('an agent is lost and comes back: what was replaced is ended', async (t, job) => {
      const [victim] = await used(place)
      const { agent } = await agentOf(victim!)
      const lost = (await operator.tasks()).filter(({ id }) => id === victim)
      t.equal(lost.length, 1)
      const pid = place.taskManagerProcess(victim!)
      await agent.kill()
      await until('its tasks cannot be reached', async () => {
        return (await operator.allTasks()).get(victim!)?.state === 'TASK_UNREACHABLE'
      })
      await untilReplaced(place, victim!)
      await job.untilCheckpoint()
      await agent.restart()
      await until('its TaskManager is ended', () => !isAlive(pid))
    })

    await test('the master fails over', async (t, job) => {
      const before = await used(place)
      const leader = await mesos.leader()
      await leader.kill()
      await until('another leads', () => operator.leader(), ELECTION_MS)
      await until(
        'the framework is back',
        async () => (await place.framework()).connected,
        ELECTION_MS,
      )
      await job.untilCheckpoint()
      t.strictSame(await used(place), before, 'the TaskManagers are the same')
      await leader.restart()
      killHard(place.taskManagerProcess(before[0]!))
      await untilReplaced(place, before[0]!)
    })

    await test('the JobManager is killed: the next takes over its TaskManagers', async (t, job) => {
      const before = await used(place)
      const processes = before.map((each) => place.taskManagerProcess(each))
      jobManager.kill('SIGKILL')
      await jobManager.result()
      jobManager = await place.startSession()
      await until('the TaskManagers have come to it', async () => {
        const found = await taskManagers(place)
        return before.every((each) => found.includes(each))
      })
      await job.untilCheckpoint()
      t.ok(processes.every(isAlive), 'they have not been restarted')
      t.strictSame(await runningTasks(place), await taskManagers(place), 'none is orphaned')
    })

    await test('an agent goes for good', async (t) => {
      const [victim] = await used(place)
      const { id: agentId } = await agentOf(victim!)
      await operator.markAgentGone(agentId)
      const ids = await untilReplaced(place, victim!)
      for (const each of ids) t.not((await operator.allTasks()).get(each)?.agentId, agentId)
    })

    await place.shutDown(jobManager)
  })
}

/** A JobManager that comes back when its framework is not known any more. */
export async function testRemovedFramework(t: Test, place: MesosPlace): Promise<void> {
  const { operator } = place.mesos
  await mesosTest(t, place, 'the JobManager comes back after the failover timeout', async (t) => {
    const first = await place.startSession('-Dmesos.failover-timeout=3')
    const job = await CountedJob.start(t, jobSession(place), SECONDS, true)
    const { id } = await place.framework()
    const before = await untilTasks(place, 2)
    first.kill('SIGKILL')
    await first.result()
    await until('the framework is removed', async () => {
      return (await operator.completedFrameworks()).some((each) => each.id === id)
    })
    await until('its tasks have ended', () =>
      before.every((each) => place.mesos.taskProcesses(each).length === 0),
    )
    const second = await place.startSession('-Dmesos.failover-timeout=3')
    await job.checkRows(t)
    t.not((await place.framework()).id, id, 'it is another framework')
    const { code } = await place.shutDown(second)
    t.equal(code, 0)
  })
}

/** TaskManagers that a job uses, in order: those that are idle would be replaced by nothing. */
async function used(place: MesosPlace): Promise<string[]> {
  return until('two TaskManagers are used', async () => {
    const ids = (await place.rest.taskManagers())
      .filter(({ slotsNumber, freeSlots }) => freeSlots < slotsNumber)
      .map(({ id }) => id)
      .toSorted()
    return ids.length === 2 && ids
  })
}

/** Waits until a job uses others than this one. */
function untilReplaced(place: MesosPlace, taskId: string): Promise<string[]> {
  return until(
    `${taskId} is replaced`,
    async () => {
      const ids = await used(place)
      return !ids.includes(taskId) && ids
    },
    120_000,
  )
}
