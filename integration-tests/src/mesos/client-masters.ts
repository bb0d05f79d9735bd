import type { Test } from 'tap'
import type { MesosCluster } from '../clusters/mesos.js'
import { isAlive } from '../support/processes.js'
import { until } from '../support/until.js'
import { TestScheduler } from './test-scheduler.js'

/** Longer than the session of a master that is gone. */
const ELECTION_MS = 120_000

/** Three masters that elect one of them: schedulers find it, and come back to the next one. */
export async function testMasterFailover(t: Test, mesos: MesosCluster): Promise<void> {
  await t.test('masters: found by ZooKeeper and by redirects, lost and found again', async (t) => {
    const all = mesos.masters.map(({ address }) => address)
    const leader = await mesos.leader()
    const standbys = all.filter((each) => each !== leader.address)
    const byZooKeeper = await TestScheduler.start(t, { master: mesos.address })
    const byRedirect = await TestScheduler.start(t, {
      master: [...standbys, leader.address].join(','),
    })
    const both = [byZooKeeper, byRedirect]
    for (const each of both) {
      await each.untilSubscribed()
      t.equal(each.subscriptions[0]?.master, leader.address)
    }
    await byRedirect.call({ type: 'SUPPRESS' })
    const offerIds = [...byRedirect.offers.keys()]
    if (offerIds.length > 0)
      await byRedirect.call({ type: 'DECLINE', offerIds, refuseSeconds: 600 })
    const { agentId } = await byZooKeeper.run({ taskId: 'outlives', command: 'sleep 600' })
    const [pid] = mesos.taskProcesses('outlives')
    const ids = both.map(({ frameworkId }) => frameworkId)

    await leader.kill()
    for (const each of both) {
      await until('another master', () => each.subscriptions.length > 1, ELECTION_MS)
      t.equal(each.disconnections.length, 1, 'one loss is told, whatever was tried since')
    }
    const next = await mesos.leader()
    t.not(next.address, leader.address)
    t.strictSame(
      both.map(({ subscriptions }) => subscriptions.at(-1)?.master),
      [next.address, next.address],
    )
    t.strictSame(
      both.map(({ frameworkId }) => frameworkId),
      ids,
      'the ids are the same',
    )
    const known = await until(
      'the agent has come to the new master, which knows the task',
      async () => {
        const before = byZooKeeper.updates.length
        await byZooKeeper.call({ type: 'RECONCILE', tasks: [{ taskId: 'outlives', agentId }] })
        return until('an answer', () => byZooKeeper.updates[before], 500)
      },
      ELECTION_MS,
    )
    t.match(known, { taskId: 'outlives', state: 'TASK_RUNNING' }, 'no other answer came first')
    t.ok(isAlive(pid!), 'its process has not been touched')
    await byZooKeeper.call({ type: 'KILL', taskId: 'outlives', agentId })
    await byZooKeeper.untilState('outlives', 'TASK_KILLED')

    await leader.restart()
    await Promise.all(both.map((each) => each.tearDown()))
    t.strictSame(await mesos.operator.frameworks(), [])
  })

  await t.test('a master that is frozen is left', async (t) => {
    const scheduler = await TestScheduler.start(t, { master: mesos.address })
    await scheduler.untilSubscribed()
    const leader = await mesos.leader()
    leader.pause()
    await until('another master', () => scheduler.subscriptions.length > 1, ELECTION_MS)
    t.not(scheduler.subscriptions.at(-1)?.master, leader.address)
    leader.resume()
    t.equal(scheduler.end, undefined)
    await scheduler.tearDown()
  })
}
