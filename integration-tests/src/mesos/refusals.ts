import type { Test } from 'tap'
import { checkRefused } from '../support/refusal.js'
import { ENDLESS, jobIdIn } from '../support/submitted-jobs.js'
import { until } from '../support/until.js'
import { type MesosPlace, mesosTest } from './mesos-place.js'
import { submitAndRun } from './observations.js'

/** What cannot be is told on one screen. */
export async function testRefusals(t: Test, place: MesosPlace): Promise<void> {
  const test = (name: string, body: (t: Test) => Promise<void>) => mesosTest(t, place, name, body)

  await test('values that make no sense', async (t) => {
    const refused = async (what: string, words: readonly RegExp[], ...options: string[]) => {
      const result = await place.launch('mesos-appmaster.sh', ...options).result()
      checkRefused(t, what, words, result)
    }
    const key = 'mesos.resourcemanager.tasks'
    await refused('a master nowhere', [/mesos\.master/, /nonsense/], '-Dmesos.master=nonsense')
    await refused('no path', [/mesos\.master|zk:/], '-Dmesos.master=zk://127.0.0.1:1')
    await refused(
      'an unknown containerizer',
      [/container\.type/, /lxc/],
      `-D${key}.container.type=lxc`,
    )
    await refused(
      'docker without an image',
      [/container\.image\.name/],
      `-D${key}.container.type=docker`,
    )
    await refused('a text for a number', [/\.gpus/, /many/], `-D${key}.gpus=many`)
    await refused('a negative number', [/\.cpus/, /-1/], `-D${key}.cpus=-1`)
    await refused(
      'half a constraint',
      [/hostattribute/],
      '-Dmesos.constraints.hard.hostattribute=x',
    )
    await refused('a volume without a path', [/volumes/], `-D${key}.container.volumes=/a:/b:XX`)
    await refused(
      'a secret without a principal',
      [/principal/],
      '-Dmesos.resourcemanager.framework.secret=x',
    )
    place.configure({ 'mesos.master': '' })
    await refused('no master', [/mesos\.master/])
  })

  await test('what no offer can satisfy: which resource is short, and what the best offer had', async (t) => {
    const jobManager = await place.startSession(
      '-Dtaskmanager.memory.process.size=20g',
      '-Dmesos.resourcemanager.tasks.gpus=1',
    )
    t.ok((await place.framework()).capabilities.includes('GPU_RESOURCES'))
    const { stdout, stderr } = await place.flink('run', '-d', ...ENDLESS)
    const job = jobIdIn(stdout + stderr)
    const said = await until(
      'the console tells',
      () => /.*\bmem\b.*/.exec(jobManager.stdout + jobManager.stderr)?.[0],
      120_000,
    )
    t.match(said, /20480/, 'what is wanted')
    t.match(said, /8192/, 'and what there is')
    const listed = await place.flink('list')
    t.match(
      listed.stdout,
      /waiting for slots: .*20480 MB of memory wanted, 8192 MB/,
      'so does the job',
    )
    t.equal((await place.flink('cancel', job)).code, 0)
    t.strictSame(await place.tasks(), [])
    t.equal((await place.shutDown(jobManager)).code, 0)
  })

  await test('more than fits: the job waits until there is room', async (t) => {
    const jobManager = await place.startSession(
      '-Dresourcemanager.taskmanager-timeout=1 s',
      '-Dmesos.resourcemanager.tasks.cpus=5',
    )
    const first = await submitAndRun(place, '-p', '2', ...ENDLESS)
    const second = jobIdIn((await place.flink('run', '-d', ...ENDLESS)).stdout)
    await until('it says for what it waits', async () => {
      const { 'waiting-for': waits = '' } = await place.rest.jobDetails(second)
      return waits.includes('short of cpus')
    })
    t.equal(await place.rest.jobStatus(second), 'RUNNING')
    t.equal((await place.tasks()).length, 2, 'no third TaskManager')
    t.equal((await place.flink('cancel', first)).code, 0)
    await until('the other runs', async () => {
      const { vertices } = await place.rest.jobDetails(second)
      return vertices.every((each) => each.tasks['RUNNING'] === each.parallelism)
    })
    t.equal((await place.shutDown(jobManager)).code, 0)
  })
}
