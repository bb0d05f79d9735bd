import type { Test } from 'tap'
import { commandLines } from '../support/processes.js'
import { ENDLESS, jobIdIn } from '../support/submitted-jobs.js'
import { program } from '../support/test-cluster.js'
import { until } from '../support/until.js'
import type { YarnPlace } from '../support/yarn-place.js'
import { containersIn, statusOf, untilRunning, yarnTest } from './observations.js'

/** Sessions: `yarn-session.sh`, and jobs that are sent to them. */
export async function testSessions(t: Test, place: YarnPlace): Promise<void> {
  const { hadoop, yarn } = place
  const test = (name: string, body: (t: Test) => Promise<void>) => yarnTest(t, place, name, body)

  await test('a session: three jobs, TaskManagers as jobs need them', async (t) => {
    const id = await place.startSession(
      '-nm',
      'three jobs',
      '-Dresourcemanager.taskmanager-timeout=2 s',
    )
    const application = await yarn.application(id)
    t.match(application, {
      name: 'three jobs',
      state: 'RUNNING',
      queue: /default$/,
      user: place.user,
    })
    t.equal((await yarn.containers(id)).length, 1, 'no TaskManager without a job')
    t.equal(containersIn(hadoop, id).length, 1, 'none was asked for')

    const rest = await place.rest(id)
    const first = jobIdIn((await place.flink('run', '-d', ...ENDLESS)).stdout)
    await untilRunning(place, id, first)
    t.equal((await rest.taskManagers()).length, 1)
    const second = jobIdIn((await place.flink('run', '-d', ...ENDLESS)).stdout)
    await untilRunning(place, id, second)
    const managers = await rest.taskManagers()
    t.equal(managers.length, 2, 'the second job has a TaskManager of its own')
    const containers = (await yarn.containers(id)).map(({ containerId }) => containerId)
    t.strictSame(
      managers.map((each) => each.id).toSorted(),
      containers.slice(1),
      'TaskManagers are called as their containers',
    )

    const list = await place.flink('list')
    t.equal(list.code, 0, list.stderr)
    for (const jobId of [first, second]) t.match(list.stdout, jobId)
    t.equal((await place.flink('cancel', first)).code, 0)
    await until('its TaskManager is given back', async () => {
      return (await yarn.containers(id)).length === 2
    })
    t.equal(await statusOf(place, id, second), 'RUNNING')

    const third = await place.flink(
      'run',
      '-t',
      'yarn-session',
      `-Dyarn.application.id=${id}`,
      program('counting-jobs.ts'),
      '--count',
      '3',
    )
    t.equal(third.code, 0, third.stderr)
    t.match(third.stdout, /has finished/)

    const stopped = await place.flink('stop', '-p', `file://${place.folder}/savepoints`, second)
    t.equal(stopped.code, 0, stopped.stderr)
    t.match(stopped.stdout, /Savepoint completed\. Path: file:/)
    await until('the last TaskManager is given back', async () => {
      return (await yarn.containers(id)).length === 1
    })

    const stop = place.command('yarn-session.sh', ['-id', id], { hasInput: true })
    stop.write('help\nstop\n')
    const { code, stdout, stderr } = await stop.result()
    t.equal(code, 0, stderr)
    t.match(stdout, /stop/)
    t.match(await place.untilEnded(id), { finalStatus: 'SUCCEEDED' })
    const gone = await place.flink('list')
    t.not(gone.code, 0, 'the properties file does not lead to a session that has ended')
  })

  await test('its REST API is closed to strangers, its secret is nowhere to be read', async (t) => {
    const command = place.command('yarn-session.sh', [], { hasInput: true })
    const id = await place.untilApplication(command)
    await until('it runs', async () => (await yarn.application(id)).state === 'RUNNING')
    const address = await place.restAddress(id)
    const job = jobIdIn((await place.flink('run', '-d', ...ENDLESS)).stdout)
    await untilRunning(place, id, job)

    const { text, token } = await place.secret(id)
    for (const path of ['config', 'jobs', 'overview', '?x', 'jobmanager/config']) {
      const response = await fetch(`http://${address}/${path}`)
      t.equal(response.status, 401, `/${path} without the secret`)
      await response.arrayBuffer()
    }
    const upload = await fetch(`http://${address}/jobs`, { method: 'POST', body: '{}' })
    t.equal(upload.status, 401)
    await upload.arrayBuffer()
    const wrong = { authorization: `Bearer ${token.replace(/^./, (c) => (c === '0' ? '1' : '0'))}` }
    t.equal((await fetch(`http://${address}/overview`, { headers: wrong })).status, 401)
    const right = { authorization: `Bearer ${token}` }
    t.equal((await fetch(`http://${address}/overview`, { headers: right })).status, 200)

    const staging = await place.fileSystem.list(place.stagingFolder(id))
    t.ok(staging.length > 0)
    for (const { path, mode, isDirectory } of staging) {
      t.equal(mode & 0o077, 0, `${path} is its owner's alone`)
      t.equal(isDirectory, false, `${path} is a file`)
    }
    const places = new Map([
      ...place.logs(id),
      ['command lines', commandLines()],
      ['report', JSON.stringify(await yarn.application(id))],
      ['ResourceManager', hadoop.resourceManager.log()],
      ['NodeManagers', hadoop.nodeManagers.map((each) => each.log()).join('\n')],
      ['client', command.stdout + command.stderr],
      [
        'configuration by REST',
        JSON.stringify(
          await (await fetch(`http://${address}/jobmanager/config`, { headers: right })).json(),
        ),
      ],
    ])
    for (const [name, found] of places) {
      t.notOk(found.includes(text) || found.includes(token), `not in ${name}`)
    }

    command.write('help\n')
    await until('help is shown', () => /stop/.test(command.stdout))
    command.write('stop\n')
    const { code, stderr } = await command.result()
    t.equal(code, 0, stderr)
    t.match(await place.untilEnded(id), { finalStatus: 'SUCCEEDED' })
  })
}
