import type { Test } from 'tap'
import { startMesos } from '../clusters/mesos.js'
import { ENDLESS } from '../support/submitted-jobs.js'
import { until } from '../support/until.js'
import { MesosPlace, mesosTest } from './mesos-place.js'
import { submitAndRun } from './observations.js'

const PRINCIPAL = 'flink'
const SECRET = 'a secret of the framework'
const ROLE = 'analytics'

/** A Mesos with principals, roles, reservations and attributes: where TaskManagers go, and who is not let in. */
export async function testPlacement(t: Test): Promise<void> {
  const mesos = await startMesos({
    agents: [
      { resources: 'cpus:8;mem:8192;disk:1000', attributes: 'rack:r1' },
      { resources: 'cpus:5;mem:5120;disk:1000', attributes: 'rack:r2' },
    ],
    credentials: { [PRINCIPAL]: SECRET },
    masterFlags: { roles: ROLE },
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

  await test('who is not let in is told so', async (t) => {
    for (const [option, words] of [
      ['mesos.resourcemanager.framework.secret=wrong', /401|credentials|principal/i],
      ['mesos.resourcemanager.framework.role=nobodys', /nobodys/],
    ] as const) {
      const command = place.launch('mesos-appmaster.sh', `-D${option}`)
      const { code, stdout, stderr } = await command.result()
      t.not(code, 0, option)
      t.match(stdout + stderr, words, `${option}: it says why`)
      t.notMatch(stdout + stderr, /^\s+at /m, `${option}: no stack`)
      t.notOk((stdout + stderr + place.logs()).includes(SECRET), 'the secret is not told')
    }
    await until('nobody is there', async () => (await mesos.operator.frameworks()).length === 0)
  })
}
