import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { Test } from 'tap'
import { isAlive } from '../support/processes.js'
import { until } from '../support/until.js'
import { type ClientPlace, clientTest, ROLE } from './client-place.js'

/** Offers, what is made of them, and what becomes of it. */
export async function testOffersAndTasks(t: Test, place: ClientPlace): Promise<void> {
  const { mesos, start } = place
  const { operator } = mesos
  const test = (name: string, body: (t: Test) => Promise<void>) => clientTest(t, place, name, body)
  const output = (taskId: string) => {
    const sandbox = mesos.sandboxes().findLast((each) => each.taskId === taskId)
    return readFileSync(join(sandbox!.folder, 'stdout'), 'utf8')
  }

  await test('offers: what they say; declined, suppressed, revived', async (t) => {
    const scheduler = await start()
    const offer = await scheduler.untilOffer()
    t.match(offer, {
      hostname: '127.0.0.1',
      agentAddress: mesos.agents[0]!.address,
      role: ROLE,
      attributes: [
        { name: 'rack', text: 'r1' },
        { name: 'weight', text: '2.5' },
      ],
    })
    const scalars = offer.resources.map(({ name, role, scalar }) => [name, role, scalar])
    for (const expected of [
      ['cpus', '*', 4],
      ['cpus', ROLE, 2],
      ['mem', '*', 2048],
      ['mem', ROLE, 512],
    ]) {
      t.ok(
        scalars.some((each) => JSON.stringify(each) === JSON.stringify(expected)),
        `${expected}`,
      )
    }
    const [range] = offer.resources.find(({ name }) => name === 'ports')!.ranges!
    t.equal(range!.end - range!.begin, 49)

    await scheduler.call({ type: 'DECLINE', offerIds: [offer.id], refuseSeconds: 600 })
    scheduler.offers.clear()
    await scheduler.call({ type: 'SUPPRESS' })
    const others = scheduler.events.length
    // Another framework gets it meanwhile: rounds of offers have passed then.
    const other = await start()
    await other.run({ taskId: 'other', command: 'true' })
    await other.tearDown()
    t.notOk(
      scheduler.events.slice(others).some(({ type }) => type === 'OFFERS'),
      'no offer while it wants none',
    )
    await scheduler.call({ type: 'REVIVE' })
    await scheduler.untilOffer()
    await scheduler.tearDown()
  })

  await test('tasks: commands, files, labels, ends', async (t) => {
    const folder = mkdtempSync(join(mesos.folder, 'files-'))
    writeFileSync(join(folder, 'packed'), 'was packed')
    execFileSync('tar', ['-C', folder, '-czf', join(folder, 'archive.tgz'), 'packed'])
    writeFileSync(join(folder, 'program'), '#!/bin/sh\necho "it runs with $1 and $NAME"\n')
    const server = createServer((_request, response) => response.end('from a server'))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    t.teardown(() => server.close())

    const scheduler = await start()
    const offer = await scheduler.untilOffer()
    await scheduler.launch(offer, [
      {
        taskId: 'with-arguments',
        labels: { 'of-the': 'task' },
        command: {
          shell: false,
          value: './program',
          arguments: ['program', 'two words'],
          environment: { NAME: 'a name' },
          uris: [{ value: join(folder, 'program'), extract: false, executable: true }],
        },
      },
      {
        taskId: 'with-files',
        command: {
          value: 'cat packed fetched; sleep 60',
          uris: [
            { value: `file://${folder}/archive.tgz`, extract: true, cache: true },
            {
              value: `http://127.0.0.1:${(server.address() as AddressInfo).port}/file`,
              extract: false,
              outputFile: 'fetched',
              cache: true,
            },
          ],
        },
      },
      { taskId: 'fails', command: 'exit 3' },
      {
        taskId: 'without-file',
        command: { value: 'true', uris: [{ value: '/no/such/file', extract: false }] },
      },
      { taskId: 'too-large', command: 'true', cpus: 100 },
    ])
    await scheduler.untilState('with-arguments', 'TASK_FINISHED')
    t.strictSame(scheduler.states('with-arguments'), [
      'TASK_STARTING',
      'TASK_RUNNING',
      'TASK_FINISHED',
    ])
    t.match(output('with-arguments'), 'it runs with two words and a name')
    await scheduler.untilState('with-files', 'TASK_RUNNING')
    await until('it has read its files', () => output('with-files') === 'was packedfrom a server')
    t.match((await operator.allTasks()).get('with-arguments')?.labels, { 'of-the': 'task' })
    t.match(await scheduler.untilState('fails', 'TASK_FAILED'), {
      message: 'Command exited with status 3',
      source: 'SOURCE_EXECUTOR',
      agentId: offer.agentId,
    })
    t.match(await scheduler.untilState('without-file', 'TASK_FAILED'), {
      reason: 'REASON_CONTAINER_LAUNCH_FAILED',
      message: /Failed to fetch all URIs/,
    })
    const tooLarge = await scheduler.untilState('too-large', 'TASK_ERROR')
    t.match(tooLarge, { reason: 'REASON_TASK_INVALID', source: 'SOURCE_MASTER' })
    t.equal(tooLarge.uuid, undefined)

    await scheduler.launch(offer, [{ taskId: 'late', command: 'true' }])
    t.match(await scheduler.untilState('late', 'TASK_DROPPED'), { reason: 'REASON_INVALID_OFFERS' })

    const [pid] = mesos.taskProcesses('with-files')
    await scheduler.call({ type: 'KILL', taskId: 'with-files', agentId: offer.agentId })
    t.match(await scheduler.untilState('with-files', 'TASK_KILLED'), {
      message: /Command terminated with signal Terminated/,
    })
    t.strictSame(scheduler.states('with-files').slice(-2), ['TASK_KILLING', 'TASK_KILLED'])
    t.notOk(isAlive(pid!))
    await scheduler.tearDown()
  })

  await test('a task that does not want to end has so long', async (t) => {
    const scheduler = await start()
    const { agentId } = await scheduler.run({
      taskId: 'stubborn',
      command: `trap '' TERM; while true; do sleep 0.1; done`,
    })
    await until('the trap is set', () => mesos.taskProcesses('stubborn').length > 1)
    await scheduler.call({ type: 'KILL', taskId: 'stubborn', agentId, gracePeriodMs: 60_000 })
    await scheduler.untilState('stubborn', 'TASK_KILLING')
    t.ok(mesos.taskProcesses('stubborn').some(isAlive))
    await scheduler.call({ type: 'KILL', taskId: 'stubborn', agentId, gracePeriodMs: 100 })
    t.match(await scheduler.untilState('stubborn', 'TASK_KILLED'), {
      message: /Command terminated with signal Killed/,
    })
    await scheduler.tearDown()
  })

  // Masters that are new meanwhile would learn of such tasks, and take them for running ones.
  await test('nothing of a framework that is torn down stays at agents, though nobody acknowledges its ends', async (t) => {
    const scheduler = await start()
    const task = { taskId: 'torn-down', command: 'sleep 600', killGracePeriodMs: 300_000 }
    await scheduler.run(task)
    const executors = mesos.executorProcesses('torn-down')
    t.ok(executors.some(isAlive))
    await scheduler.tearDown()
    await until('its executor has ended', () => !executors.some(isAlive), 60_000)
  })

  await test('an agent that goes, comes back, and goes for good', async (t) => {
    const scheduler = await start()
    const { agentId } = await scheduler.run({ taskId: 'left-behind', command: 'sleep 600' })
    const [agent] = mesos.agents
    await agent!.kill()
    await scheduler.untilState('left-behind', 'TASK_UNREACHABLE')
    await until('the loss is told', () =>
      scheduler.events.some((each) => each.type === 'FAILURE' && each.agentId === agentId),
    )
    const before = scheduler.updates.length
    await agent!.restart()
    t.match(await scheduler.untilState('left-behind', 'TASK_RUNNING', before), { agentId })
    await operator.markAgentGone(agentId)
    t.match(await scheduler.untilState('left-behind', 'TASK_GONE_BY_OPERATOR'), { agentId })
    await scheduler.tearDown()
    await agent!.kill()
  })
}
