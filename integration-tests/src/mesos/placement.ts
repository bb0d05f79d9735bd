import { isDeepStrictEqual } from 'node:util'
import type { Test } from 'tap'
import { startMesos } from '../clusters/mesos.js'
import { CountedJob } from '../support/counted-job.js'
import { isAlive, killHard } from '../support/processes.js'
import { ENDLESS } from '../support/submitted-jobs.js'
import { until } from '../support/until.js'
import { MesosPlace, mesosTest } from './mesos-place.js'
import { jobSession, runningTasks, submitAndRun, untilTasks } from './observations.js'

const PRINCIPAL = 'flink'
const SECRET = 'a secret of the framework'
const ROLE = 'analytics'
const OTHER_ROLE = 'batch'
const HOUR_MS = 3_600_000
/** That the counted job takes after all has happened. */
const SECONDS = 3

/** A Mesos with principals, roles, reservations, attributes and maintenance: where TaskManagers go, and who is not let in. */
export async function testPlacement(t: Test): Promise<void> {
  const mesos = await startMesos({
    agents: [
      {
        resources: 'cpus:8;mem:8192;disk:1000',
        attributes: 'rack:r1',
        flags: { hostname: '127.0.0.2' },
      },
      {
        resources: 'cpus:5;mem:5120;disk:1000',
        attributes: 'rack:r2',
        flags: { hostname: '127.0.0.3' },
      },
      // One TaskManager fits, for one of the roles.
      ...[ROLE, OTHER_ROLE].map((role) => ({
        resources: `cpus(${role}):1;mem(${role}):1024;disk:1000`,
        attributes: 'rack:r3',
      })),
    ],
    credentials: { [PRINCIPAL]: SECRET },
    masterFlags: { roles: `${ROLE},${OTHER_ROLE}` },
  })
  t.teardown(() => mesos.stop())
  const place = await MesosPlace.prepare(t, mesos, {
    'mesos.resourcemanager.framework.role': ROLE,
    'mesos.resourcemanager.framework.principal': PRINCIPAL,
    'mesos.resourcemanager.framework.secret': SECRET,
  })
  const test = (name: string, body: (t: Test) => Promise<void>) => mesosTest(t, place, name, body)

  await test('attributes decide, and what is reserved is used first', async (t) => {
    const port = Number(mesos.agents[1]!.address.split(':')[1])
    const right = (await mesos.operator.agents()).find((each) => each.port === port)!
    await mesos.operator.reserve(right.id, ROLE, { cpus: 1, mem: 1024 })
    const jobManager = await place.startSession('-Dmesos.constraints.hard.hostattribute=rack:r2')
    t.match(await place.framework(), { roles: [ROLE], principal: PRINCIPAL })
    await submitAndRun(place, '-p', '2', ...ENDLESS)
    const tasks = await place.tasks()
    t.strictSame(
      tasks.map(({ agentId }) => agentId),
      [right.id, right.id],
      'both are where the attribute is',
    )
    const { tasks: raw } = await mesos.operator.call('GET_TASKS')
    const reserved = JSON.stringify(raw).match(/"reservations":\[\{[^\]]*"analytics"/g) ?? []
    t.equal(reserved.length, 2, 'one of them has the cpu and the memory that are reserved')
    t.notMatch(await mesos.operator.everything(), SECRET)
    t.equal((await place.shutDown(jobManager)).code, 0)
  })

  await test('several roles: what is reserved for each of them is used', async (t) => {
    const jobManager = await place.startSession(
      `-Dmesos.resourcemanager.framework.role=${ROLE},${OTHER_ROLE}`,
      '-Dmesos.constraints.hard.hostattribute=rack:r3',
    )
    t.match(await place.framework(), { roles: [ROLE, OTHER_ROLE] })
    await submitAndRun(place, '-p', '2', ...ENDLESS)
    const tasks = await place.tasks()
    t.strictSame(tasks.map(({ role }) => role).toSorted(), [ROLE, OTHER_ROLE])
    t.equal(new Set(tasks.map(({ agentId }) => agentId)).size, 2)
    t.equal((await place.shutDown(jobManager)).code, 0)
  })

  await test('maintenance: TaskManagers stay, others are started elsewhere, every row is there once', async (t) => {
    const { operator } = mesos
    const jobManager = await place.startSession()
    const { id: frameworkId } = await place.framework()
    const job = await CountedJob.start(t, jobSession(place), SECONDS, true)
    const before = await untilTasks(place, 2)
    const victim = (await place.tasks()).find(({ id }) => id === before[0])!
    const { hostname } = (await operator.agents()).find(({ id }) => id === victim.agentId)!
    const pid = place.taskManagerProcess(victim.id)

    await operator.planMaintenance([hostname], Date.now() - HOUR_MS, 2 * HOUR_MS)
    const declined = { hostname, frameworkId, answer: 'DECLINE' as const }
    await until('the framework has declined', async () => {
      const answers = await operator.maintenanceAnswers()
      return answers.some((each) => isDeepStrictEqual(each, declined))
    })
    await job.untilCheckpoint()
    t.strictSame(await runningTasks(place), before, 'the TaskManagers are the same')
    t.ok(isAlive(pid))

    killHard(pid)
    await until('it is replaced', async () => {
      const ids = await runningTasks(place)
      return ids.length === 2 && !ids.includes(victim.id)
    })
    const machines = new Map((await operator.agents()).map((each) => [each.id, each.hostname]))
    for (const { id, agentId } of await place.tasks()) {
      if (!before.includes(id)) t.not(machines.get(agentId), hostname, 'it is somewhere else')
    }
    await job.checkRows(t)
    await operator.planMaintenance([])
    t.equal((await place.shutDown(jobManager)).code, 0)
  })

  await test('who is not let in is told so', async (t) => {
    for (const [option, words] of [
      ['mesos.resourcemanager.framework.secret=wrong', /principal 'flink' \(status 401: /],
      [
        'mesos.resourcemanager.framework.role=nobodys',
        /Roles \{ nobodys \} are not present in the master's --roles/,
      ],
    ] as const) {
      const command = place.launch('mesos-appmaster.sh', `-D${option}`)
      const { code, stdout, stderr } = await command.result()
      t.equal(code, 2, option)
      t.match(stdout + stderr, words, `${option}: it says why`)
      t.notMatch(stdout + stderr, /^\s+at /m, `${option}: no stack`)
      t.notOk((stdout + stderr + place.logs()).includes(SECRET), 'the secret is not told')
    }
    await until('nobody is there', async () => (await mesos.operator.frameworks()).length === 0)
  })
}
