import {
  applicationIdOf,
  ContainerExitStatus,
  describeContainerExitStatus,
  formatApplicationId,
  formatContainerId,
  parseApplicationId,
  parseContainerId,
} from '@flink-ts/hadoop-rpc'
import fc from 'fast-check'
import t from 'tap'

t.test('formatContainerId writes ids as Hadoop does', async (t) => {
  const id = {
    epoch: 0,
    clusterTimestamp: 1700000000000n,
    applicationNumber: 1,
    attemptNumber: 1,
    containerNumber: 2n,
  }
  t.equal(formatContainerId(id), 'container_1700000000000_0001_01_000002')
  t.equal(formatContainerId({ ...id, epoch: 5 }), 'container_e05_1700000000000_0001_01_000002')
  t.equal(
    formatContainerId({ ...id, epoch: 123, applicationNumber: 12345, containerNumber: 1234567n }),
    'container_e123_1700000000000_12345_01_1234567',
  )
  t.equal(applicationIdOf(id), 'application_1700000000000_0001')
})

t.test('parseContainerId and parseApplicationId read what was written', async (t) => {
  const positive = fc.integer({ min: 0, max: 0x7fffffff })
  const timestamp = fc.bigInt({ min: 0n, max: 2n ** 63n - 1n })
  fc.assert(
    fc.property(
      fc.record({
        epoch: fc.integer({ min: 0, max: 0x7fffff }),
        clusterTimestamp: timestamp,
        applicationNumber: positive,
        attemptNumber: positive,
        containerNumber: fc.bigInt({ min: 0n, max: 2n ** 40n - 1n }),
      }),
      (id) => {
        t.same(parseContainerId(formatContainerId(id)), id)
      },
    ),
  )
  fc.assert(
    fc.property(fc.record({ clusterTimestamp: timestamp, number: positive }), (id) => {
      t.same(parseApplicationId(formatApplicationId(id)), id)
    }),
  )
})

t.test('parseContainerId and parseApplicationId refuse everything else', async (t) => {
  for (const text of [
    '',
    'container_1_1_1',
    'container_e_1_1_1_1',
    'container_1_1_1_1_1',
    'container_1_1_1_1099511627776',
    'container_1_1_1_9999999999999999999999',
    ' container_1_1_1_1',
    'container_-1_1_1_1',
  ]) {
    t.throws(() => parseContainerId(text), { code: 'FLINK_YARN_INVALID_ID', text })
  }
  t.throws(() => parseApplicationId('application_1'), { code: 'FLINK_YARN_INVALID_ID' })
})

t.test('describeContainerExitStatus has a sentence for every code', async (t) => {
  t.equal(
    describeContainerExitStatus(ContainerExitStatus.KILLED_EXCEEDED_PMEM),
    'was killed because it used more memory than its size (exit code -104)',
  )
  t.match(describeContainerExitStatus(137), /SIGKILL/)
  t.equal(describeContainerExitStatus(3), 'ended with exit code 3')
  t.equal(describeContainerExitStatus(-7777), 'ended by YARN with exit code -7777')
  for (const code of Object.values(ContainerExitStatus)) {
    t.notMatch(describeContainerExitStatus(code), /ended by YARN/)
  }
})
