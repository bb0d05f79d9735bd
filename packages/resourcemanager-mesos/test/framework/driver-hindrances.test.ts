import t from 'tap'
import { agentSpec } from '../../dist/testing/index.js'
import { driverTest } from '../support/driver-test.js'
import { agents, spec } from '../support/driver-under-test.js'

const NO_MASTER = /^there is no connection with a master of Mesos: /

t.test('MesosResourceManagerDriver: jobs hear why they get no TaskManager', async (t) => {
  await driverTest(
    t,
    'nothing is large enough, there is no master, and all is well again',
    { agents: agents(1) },
    async (under, t) => {
      const { hindrances } = under.process
      const now = () => hindrances.at(-1)
      under.request(spec({ cpuCores: 64 }))
      await under.clock.advance(10_000)
      t.match(now(), /cpus/)
      under.mesos.crashMaster()
      await under.clock.advance(30_000)
      t.match(now(), NO_MASTER)
      under.mesos.startMaster()
      await under.clock.advance(2_000)
      t.equal(now(), undefined, 'there is a master, and what it offers is not known yet')
      await under.clock.advance(60_000)
      t.match(now(), /cpus/)
      under.mesos.addAgent(agentSpec('large', { cpus: 64 }))
      await under.clock.advance(60_000)
      t.equal(now(), undefined)
    },
  )

  await driverTest(t, 'nothing is told when the term has ended', {}, async (under, t) => {
    under.mesos.crashMaster()
    await under.clock.advance(10_000)
    const { hindrances } = under.process
    t.match(hindrances.at(-1), NO_MASTER)
    const told = hindrances.length
    await under.terminate()
    await under.clock.advance(300_000)
    t.equal(hindrances.length, told)
    under.mesos.startMaster()
    await under.clock.advance(10_000)
    t.equal(hindrances.length, told)
  })
})
