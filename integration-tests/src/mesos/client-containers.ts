import type { ContainerInfo } from '@flink-ts/mesos-client'
import type { Test } from 'tap'
import { until } from '../support/until.js'
import { type ClientPlace, clientTest } from './client-place.js'

/** Longer than what executors give a task of which nobody has said anything: 3 s. */
const GRACE_MS = 4_000

/** What a task says besides its command, as the real master reads it. */
export async function testContainers(t: Test, place: ClientPlace): Promise<void> {
  const { mesos, start } = place
  const test = (name: string, body: (t: Test) => Promise<void>) => clientTest(t, place, name, body)

  /** A task as the master tells of it, in its own words. */
  const told = async (taskId: string) => {
    const { tasks = [], completed_tasks: completed = [] } = await mesos.operator.call('GET_TASKS')
    return [...tasks, ...completed].find((each) => each.task_id.value === taskId)
  }

  await test('containers: images, volumes and words for Docker are taken as they are meant', async (t) => {
    const volumes = [
      { containerPath: '/data', hostPath: '/srv/data', mode: 'RO' },
      { containerPath: '/work', hostPath: 'work', mode: 'RW' },
    ] as const
    const wireVolumes = [
      { container_path: '/data', host_path: '/srv/data', mode: 'RO' },
      { container_path: '/work', host_path: 'work', mode: 'RW' },
    ]
    const docker: ContainerInfo = {
      type: 'DOCKER',
      image: 'registry.test/flink-ts:1',
      forcePullImage: true,
      network: 'HOST',
      parameters: [
        { key: 'ulimit', value: 'nofile=4096' },
        { key: 'env', value: 'A=b=c' },
      ],
      volumes,
    }
    const image: ContainerInfo = { type: 'MESOS', image: 'flink-ts:2', volumes }
    const scheduler = await start()
    const offer = await scheduler.untilOffer()
    await scheduler.launch(offer, [
      { taskId: 'in-docker', command: 'true', container: docker },
      { taskId: 'in-image', command: 'true', container: image },
    ])

    // The agent has no containerizer for either: the master has found nothing wrong with them.
    t.match(await scheduler.untilState('in-docker', 'TASK_FAILED'), {
      source: 'SOURCE_AGENT',
      reason: 'REASON_EXECUTOR_TERMINATED',
      message: /unknown container/,
      agentId: offer.agentId,
    })
    t.match(await scheduler.untilState('in-image', 'TASK_FAILED'), { source: 'SOURCE_AGENT' })
    t.match((await told('in-docker'))?.container, {
      type: 'DOCKER',
      docker: {
        image: 'registry.test/flink-ts:1',
        force_pull_image: true,
        network: 'HOST',
        parameters: [
          { key: 'ulimit', value: 'nofile=4096' },
          { key: 'env', value: 'A=b=c' },
        ],
      },
      volumes: wireVolumes,
    })
    t.match((await told('in-image'))?.container, {
      type: 'MESOS',
      mesos: { image: { type: 'DOCKER', docker: { name: 'flink-ts:2' } } },
      volumes: wireVolumes,
    })
    await scheduler.tearDown()
  })

  await test('a task that does not want to end has as long as it said itself', async (t) => {
    const scheduler = await start()
    const { agentId } = await scheduler.run({
      taskId: 'said-so',
      command: `trap '' TERM; while true; do sleep 0.1; done`,
      killGracePeriodMs: GRACE_MS,
    })
    t.match((await told('said-so'))?.kill_policy, {
      grace_period: { nanoseconds: GRACE_MS * 1e6 },
    })
    await until('the trap is set', () => mesos.taskProcesses('said-so').length > 1)
    await scheduler.call({ type: 'KILL', taskId: 'said-so', agentId })
    const { timestamp: fromSeconds } = await scheduler.untilState('said-so', 'TASK_KILLING')
    const killed = await scheduler.untilState('said-so', 'TASK_KILLED')
    t.match(killed, { message: /Command terminated with signal Killed/ })
    const livedMs = (killed.timestamp! - fromSeconds!) * 1000
    t.ok(livedMs >= GRACE_MS - 100, `it lived for ${livedMs} ms`)
    await scheduler.tearDown()
  })
}
