import { noopLogger } from '@flink-ts/core'
import { ManualClock } from '@flink-ts/core/testing'
import t from 'tap'
import { ConnectionMonitor } from '../../dist/framework/connection-monitor.js'

t.test('ConnectionMonitor tells of what is news for whoever watches the console', async (t) => {
  const clock = new ManualClock()
  const told: string[] = []
  const tell = (line: string) => void told.push(line)
  const troubles: (string | undefined)[] = []
  const onTrouble = (why: string | undefined) => void troubles.push(why)
  const monitor = new ConnectionMonitor({ clock, log: noopLogger, tell, onTrouble })
  const heard = () => told.splice(0)
  monitor.connecting()
  monitor.connected('f-1', 'a:5050')
  t.strictSame(heard(), ['Registered with Mesos at a:5050 as framework f-1'])

  monitor.connecting('the stream broke')
  clock.advance(4_000)
  monitor.connected('f-1', 'b:5050')
  t.strictSame(heard(), [], 'that it is back soon is for the log')

  monitor.connecting('the stream broke')
  clock.advance(5_000)
  monitor.connected('f-1', 'a:5050')
  t.strictSame(heard(), [
    'No connection with a master of Mesos for 5 s: the stream broke',
    'Registered with Mesos at a:5050 as framework f-1',
  ])

  monitor.connecting('Framework has been removed')
  monitor.connected('f-2', 'a:5050')
  t.strictSame(heard(), ['Registered with Mesos at a:5050 as framework f-2'])
  t.same(
    troubles.filter((why) => why !== undefined),
    ['there is no connection with a master of Mesos: the stream broke'],
  )
  t.equal(troubles.at(-1), undefined)
  monitor.stop()
})
