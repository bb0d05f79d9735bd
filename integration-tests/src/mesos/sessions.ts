import { userInfo } from 'node:os'
import type { Test } from 'tap'
import { CountedJob } from '../support/counted-job.js'
import { listeningPorts } from '../support/listening-ports.js'
import { ENDLESS } from '../support/submitted-jobs.js'
import { program } from '../support/test-cluster.js'
import { until } from '../support/until.js'
import { type MesosPlace, mesosTest } from './mesos-place.js'
import { jobSession, submitAndRun, taskManagers, untilTasks } from './observations.js'
import { checkClosedToStrangers, checkSecretsAreNowhere, PASSWORD } from './secrets.js'

/** That the counted job takes after all has happened. */
const SECONDS = 3

/** Sessions: `mesos-appmaster.sh`, and jobs that are sent to them by `flink run -m`. */
export async function testSessions(t: Test, place: MesosPlace): Promise<void> {
  const { mesos } = place
  const test = (name: string, body: (t: Test) => Promise<void>) => mesosTest(t, place, name, body)

  await test('a session: jobs, TaskManagers as they need them, every row once', async (t) => {
    const jobManager = await place.startSession(
      '-Dmesos.resourcemanager.framework.name=three jobs',
      '-Dresourcemanager.taskmanager-timeout=2 s',
      '-Dmesos.resourcemanager.tasks.labels=team:streams',
      '-Dmesos.resourcemanager.tasks.disk=100',
      '-Dmesos.resourcemanager.tasks.network.bandwidth=10',
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
      resources: { cpus: 1, mem: 1024, disk: 100, network: 10 },
      labels: { team: 'streams' },
    })
    t.strictSame(await taskManagers(place), [task!.id], 'they are called as their tasks')

    const second = await CountedJob.start(t, jobSession(place), SECONDS, true)
    await untilTasks(place, 3)
    await checkPorts(t, place)
    const list = await place.flink('list')
    t.equal(list.code, 0, list.stderr)
    for (const jobId of [first, second.id]) t.match(list.stdout, jobId)
    t.equal((await place.flink('cancel', first)).code, 0)
    await untilTasks(place, 2)
    t.equal(await second.status(), 'RUNNING')

    const third = await place.flink('run', program('counting-jobs.ts'), '--count', '3')
    t.equal(third.code, 0, third.stderr)
    t.match(third.stdout, /has finished/)

    const savepoint = await second.stop()
    t.match(savepoint, /^file:/)
    await until('all TaskManagers are given back', async () => (await place.tasks()).length === 0)
    await second.submit(3, savepoint)
    await untilTasks(place, 3)
    await second.checkRows(t)

    const { code, stdout, stderr } = await place.shutDown(jobManager)
    t.equal(code, 0, stdout + stderr)
    t.equal((await mesos.operator.completedFrameworks()).at(-1)?.name, 'three jobs')
  })

  await test('its REST API is closed to strangers, its secrets are nowhere to be read', async (t) => {
    place.configure({ 's3.secret-key': PASSWORD })
    const jobManager = await place.startSession()
    await submitAndRun(place, ...ENDLESS)
    await checkClosedToStrangers(t, place)
    await checkSecretsAreNowhere(t, place, jobManager)
    t.equal((await place.shutDown(jobManager)).code, 0)
  })

  await test('SIGTERM ends a session and its tasks', async (t) => {
    const jobManager = await place.startSession()
    await submitAndRun(place, ...ENDLESS)
    jobManager.kill('SIGTERM')
    const { code, stdout, stderr } = await jobManager.result()
    t.equal(code, 0, stdout + stderr)
    t.strictSame(await mesos.operator.frameworks(), [], 'the framework is torn down')
  })
}

/** TaskManagers listen where their tasks have ports, nowhere else, and say so. */
async function checkPorts(t: Test, place: MesosPlace): Promise<void> {
  const known = await place.rest.taskManagers()
  for (const { id, resources } of await place.tasks()) {
    const ranges: { begin: number; end: number }[] = JSON.parse(String(resources['ports']))
    const ports = ranges.flatMap(({ begin, end }) =>
      Array.from({ length: end - begin + 1 }, (_, i) => begin + i),
    )
    t.equal(ports.length, 2)
    t.strictSame(listeningPorts(place.taskManagerProcess(id)).toSorted(), ports.toSorted())
    const { dataPort, path } = known.find((each) => each.id === id)!
    t.strictSame([dataPort, Number(/:(\d+)\//.exec(path)?.[1])].toSorted(), ports.toSorted(), path)
  }
}
