/** A process for tests: takes part in the election with the configuration of its first argument, and writes as long as it lives once it leads. */
import {
  Configuration,
  createFileSystems,
  type Logger,
  noopLogger,
  SystemClock,
  SystemRandom,
} from '@flink-ts/core'
import { createZooKeeperHaServices } from '@flink-ts/ha-zookeeper'
import type { VersionedStore } from '@flink-ts/runtime'

const EVERY_MS = 5

const log: Logger = {
  ...noopLogger,
  warn: (message, fields) => console.log(`${message} ${JSON.stringify(fields)}`),
  child: () => log,
}
const world = {
  configuration: Configuration.fromMap(JSON.parse(process.argv[2]!)),
  clock: new SystemClock(),
  random: new SystemRandom(),
  log,
}
const ha = await createZooKeeperHaServices({
  ...world,
  fileSystems: createFileSystems(world),
  contenderName: 'stopped',
})
let store: VersionedStore | undefined
let count = 0
ha.leaderElection({ kind: 'dispatcher' }).start({
  grantLeadership(token) {
    // Whoever does not know better goes on in its first term.
    store ??= ha.stores(token).namespace('drivers/x')
  },
  revokeLeadership() {},
})
setInterval(() => {
  if (store === undefined) return
  const name = `${count++}`
  store.create(name, Buffer.from('x')).then(
    () => console.log(`wrote ${name}`),
    (error) => console.log(`refused ${name}: ${error.code}`),
  )
}, EVERY_MS)
