import { readFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import type { Test } from 'tap'
import { commandLines } from '../support/processes.js'
import { ENDLESS } from '../support/submitted-jobs.js'
import { program } from '../support/test-cluster.js'
import { until } from '../support/until.js'
import { type MesosPlace, mesosTest } from './mesos-place.js'
import { submitAndRun, taskManagers, untilTasks } from './observations.js'

/** Something that a person may write into the configuration, and nobody else should read. */
const PASSWORD = 'correct-horse-battery-staple'

/** Sessions: `mesos-appmaster.sh`, and jobs that are sent to them by `flink run -m`. */
export async function testSessions(t: Test, place: MesosPlace): Promise<void> {
  const { mesos } = place
  const test = (name: string, body: (t: Test) => Promise<void>) => mesosTest(t, place, name, body)

  await test('a session: three jobs, TaskManagers as jobs need them', async (t) => {
    const jobManager = await place.startSession(
      '-Dmesos.resourcemanager.framework.name=three jobs',
      '-Dresourcemanager.taskmanager-timeout=2 s',
      '-Dmesos.resourcemanager.tasks.labels=team:streams',
    )
    await until('it says where it is', () => jobManager.stdout.includes(place.restAddress))
    t.match(await place.framework(), {
      name: 'three jobs',
      user: userInfo().username,
      roles: ['*'],
      failoverTimeoutSeconds: 120,
      checkpoint: true,
      capabilities: /PARTITION_AWARE/,
      webuiUrl: new RegExp(`^http://.*:${place.restAddress.split(':')[1]}`),
      connected: true,
    })
    t.strictSame(await place.tasks(), [], 'no TaskManager without a job')

    const first = await submitAndRun(place, ...ENDLESS)
    const [task, ...others] = await place.tasks()
    t.strictSame(others, [])
    t.match(task, {
      id: /^taskmanager-/,
      state: 'TASK_RUNNING',
      resources: { cpus: 1, mem: 1024 },
      labels: { team: 'streams' },
    })
    t.strictSame(await taskManagers(place), [task!.id], 'they are called as their tasks')

    const second = await submitAndRun(place, '-p', '2', ...ENDLESS)
    await untilTasks(place, 3)
    const list = await place.flink('list')
    t.equal(list.code, 0, list.stderr)
    for (const jobId of [first, second]) t.match(list.stdout, jobId)
    t.equal((await place.flink('cancel', first)).code, 0)
    await untilTasks(place, 2)
    t.equal(await place.rest.jobStatus(second), 'RUNNING')

    const third = await place.flink('run', program('counting-jobs.ts'), '--count', '3')
    t.equal(third.code, 0, third.stderr)
    t.match(third.stdout, /has finished/)

    const stopped = await place.flink('stop', '-p', `file://${place.folder}/savepoints`, second)
    t.equal(stopped.code, 0, stopped.stderr)
    t.match(stopped.stdout, /Savepoint completed\. Path: file:/)
    await until('all TaskManagers are given back', async () => (await place.tasks()).length === 0)

    const { code, stdout, stderr } = await place.shutDown(jobManager)
    t.equal(code, 0, stdout + stderr)
    t.equal((await mesos.operator.completedFrameworks()).at(-1)?.name, 'three jobs')
  })

  await test('its REST API is closed to strangers, its secrets are nowhere to be read', async (t) => {
    place.configure({ 's3.secret-key': PASSWORD })
    const jobManager = await place.startSession()
    await submitAndRun(place, ...ENDLESS)
    const { text, token } = place.secret()
    const url = (path: string) => `http://${place.restAddress}/${path}`
    for (const path of ['config', 'jobs', 'overview', '?x', 'jobmanager/config']) {
      const response = await fetch(url(path))
      t.equal(response.status, 401, `/${path} without the secret`)
      await response.arrayBuffer()
    }
    const upload = await fetch(url('jobs'), { method: 'POST', body: '{}' })
    t.equal(upload.status, 401)
    await upload.arrayBuffer()
    const right = { authorization: `Bearer ${token}` }
    t.equal((await fetch(url('overview'), { headers: right })).status, 200)

    const agentTexts = await Promise.all(
      mesos.agents.flatMap(({ address }) =>
        ['state', 'slave(1)/state', 'slave(1)/containers', 'flags'].map(async (path) => {
          return (await fetch(`http://${address}/${path}`)).text()
        }),
      ),
    )
    const places = new Map([
      ...place.sandboxFiles(),
      ['command lines', commandLines()],
      [
        'environments of tasks',
        mesos
          .taskProcesses()
          .map((pid) => readFileSync(`/proc/${pid}/environ`, 'utf8'))
          .join('\n'),
      ],
      ['master', await mesos.operator.everything()],
      ['agents', agentTexts.join('\n')],
      ['logs of Mesos', [...mesos.masters, ...mesos.agents].map((each) => each.log()).join('\n')],
      ['output of the JobManager', jobManager.stdout + jobManager.stderr],
      ['log of the JobManager', place.logs()],
      [
        'configuration by REST',
        await (await fetch(url('jobmanager/config'), { headers: right })).text(),
      ],
    ])
    t.ok(
      [...places.keys()].some((name) => name.startsWith('taskmanager-')),
      'sandboxes are looked at',
    )
    for (const [name, found] of places) {
      for (const secret of [text, token, PASSWORD]) {
        t.notOk(found.includes(secret), `not in ${name}`)
      }
    }
    t.equal((await place.shutDown(jobManager)).code, 0)
  })

  await test('SIGTERM ends a session and its tasks', async (t) => {
    const jobManager = await place.startSession()
    await submitAndRun(place, ...ENDLESS)
    jobManager.kill('SIGTERM')
    await jobManager.result()
    t.strictSame(await mesos.operator.frameworks(), [], 'the framework is torn down')
  })
}
