import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import { startZooKeeper } from '../clusters/zookeeper.js'
import { CountedJob } from '../support/counted-job.js'
import { isAlive, killHard, stopProcess } from '../support/processes.js'
import { until } from '../support/until.js'
import type { YarnPlace } from '../support/yarn-place.js'
import { nodeProcess } from './container-failures.js'
import { jobSession, stopSession, yarnTest } from './observations.js'

/** What happens to JobManagers and to YARN's own daemons, with ZooKeeper; jobs lose and repeat nothing. */
export async function testDaemonFailures(t: Test, place: YarnPlace): Promise<void> {
  const { hadoop, yarn } = place
  const zooKeeper = await startZooKeeper()
  t.teardown(() => zooKeeper.close())
  const storage = join(place.folder, 'ha')
  mkdirSync(storage)
  const highAvailability = Object.entries({
    'high-availability.type': 'zookeeper',
    'high-availability.zookeeper.quorum': zooKeeper.connectString,
    'high-availability.storageDir': `file://${storage}`,
    'high-availability.zookeeper.client.session-timeout': '4 s',
    'yarn.application-attempts': '10',
  }).map(([key, value]) => `-D${key}=${value}`)

  await yarnTest(t, place, 'sessions with high availability', async (t) => {
    const id = await place.startSession(...highAvailability)
    const workers = async () => {
      return (await yarn.containers(id)).filter(({ priority }) => priority !== '0')
    }
    const master = async () => {
      return (await yarn.containers(id)).find(({ priority }) => priority === '0')!
    }
    const test = (
      name: string,
      seconds: number,
      body: (t: Test, job: CountedJob) => Promise<void>,
    ) =>
      t.test(name, async (t) => {
        const job = await CountedJob.start(t, jobSession(place, id), seconds)
        await body(t, job)
        await job.checkRows(t)
      })

    await test(
      'a NodeManager is lost: its TaskManager lives on, and has no say any more',
      25,
      async (t, job) => {
        const { assignedNodeId: home } = await master()
        const zombie = (await workers()).find(({ assignedNodeId }) => assignedNodeId !== home)
        if (zombie === undefined) throw new Error('all containers are on one node')
        const pid = nodeProcess(place, zombie.containerId)
        const port = zombie.assignedNodeId.split(':')[1]
        const node = hadoop.nodeManagers.find(({ address }) => address.endsWith(`:${port}`))!
        await node.kill()
        stopProcess(pid)
        const isRegistered = async () => {
          const managers = await (await place.rest(id)).taskManagers()
          return managers.some((each) => each.id === zombie.containerId)
        }
        // YARN knows before the JobManager's next heartbeat does.
        await until('its TaskManager is given up', async () => !(await isRegistered()))
        await job.untilCheckpoint()
        process.kill(pid, 'SIGCONT')
        await job.untilCheckpoint()
        t.notOk(await isRegistered(), 'it is not registered')
        await node.restart()
        await until('the node ends what it does not know any more', () => !isAlive(pid))
        t.match(await yarn.nodes(), [{ state: 'RUNNING' }, { state: 'RUNNING' }])
      },
    )

    const masterIsKilled = (name: string) =>
      test(name, 12, async (t) => {
        const taskManagers = async () =>
          (await (await place.rest(id)).taskManagers()).map((each) => each.id).toSorted()
        const before = await taskManagers()
        const processes = before.map((each) => nodeProcess(place, each))
        const attempts = (await yarn.attempts(id)).length
        killHard(nodeProcess(place, (await master()).containerId))
        await until('another attempt', async () => (await yarn.attempts(id)).length > attempts)
        const after = await until('it has TaskManagers', async () => {
          const found = await taskManagers()
          return found.length >= before.length && found
        })
        t.strictSame(after, before, 'they are the same')
        t.ok(processes.every(isAlive), 'and have not been restarted')
      })

    await masterIsKilled('the JobManager is killed: the next attempt takes over TaskManagers')

    await test(
      'the ResourceManager restarts, a TaskManager is lost meanwhile',
      12,
      async (t, job) => {
        const before = (await workers()).map(({ containerId }) => containerId)
        // One that is idle would be replaced by nothing.
        const used = (await (await place.rest(id)).taskManagers())
          .filter(({ slotsNumber, freeSlots }) => freeSlots < slotsNumber)
          .map((each) => each.id)
        const [victim, ...others] = used
        const attempts = await yarn.attempts(id)
        await hadoop.resourceManager.kill()
        await job.untilCheckpoint()
        killHard(nodeProcess(place, victim!))
        await hadoop.resourceManager.restart()
        await until('another container has come', async () => {
          const ids = (await workers()).map(({ containerId }) => containerId)
          return ids.some((each) => !before.includes(each))
        })
        const left = (await workers()).map(({ containerId }) => containerId)
        t.ok(
          others.every((each) => left.includes(each)),
          'the other TaskManagers are still there',
        )
        t.strictSame(await yarn.attempts(id), attempts, 'the JobManager has gone on')
      },
    )

    // What the ResourceManager knows of containers then is what their nodes have told it since.
    await masterIsKilled('the JobManager is killed after a restart of the ResourceManager')

    await stopSession(place, id)
  })
}
