import { type Logger, noopLogger } from '@flink-ts/core'
import { SlotSharingGroup } from '@flink-ts/streaming'
import t from 'tap'
import { causesOf, record, withCluster } from './testing-cluster.js'

t.test('MiniCluster: a job that needs more slots than there are', async (t) => {
  await t.test('fails after slot.request.timeout', async (t) => {
    await withCluster(t, { keys: { 'slot.request.timeout': '500 ms' } }, async ({ cluster }) => {
      const job = await cluster.submitJob(
        await record((env) =>
          env
            .fromSequence(1, 10)
            .rebalance()
            .map((v) => v)
            .setParallelism(3)
            .print(),
        ),
      )
      const causes = causesOf(await job.result().catch((e: Error) => e))
      t.match(causes.at(-1)?.name, 'NoResourceAvailableException')
      t.match(causes.at(-1)?.message, /3 slots are required, 1 were available/)
    })
  })
  await t.test('runs when a TaskManager joins in time', async (t) => {
    await withCluster(t, {}, async ({ cluster, stdout }) => {
      const job = await cluster.submitJob(
        await record((env) => env.fromSequence(1, 10).setParallelism(2).print().setParallelism(2)),
      )
      await cluster.startTaskManager()
      await job.result()
      t.equal(stdout.lines.length, 10)
    })
  })
})

/** Of slots that TaskManagers gave to jobs: dynamic ones have numbers beyond the numbered slots. */
function slotLog(): { log: Logger; allocated: number[] } {
  const allocated: number[] = []
  const log: Logger = {
    ...noopLogger,
    debug: (message, fields) => {
      if (message !== 'Slot changed' || fields?.['from'] !== 'free') return
      allocated.push(Number(fields['slotNumber']))
    },
    child: () => log,
  }
  return { log, allocated }
}

t.test('MiniCluster: slot sharing groups with resources', async (t) => {
  const fineGrained = {
    'cluster.fine-grained-resource-management.enabled': 'true',
    'taskmanager.memory.task.heap.size': '300m',
    'taskmanager.memory.managed.size': '90m',
    'slot.request.timeout': '1 s',
    'resourcemanager.standalone.start-up-time': '1 ms',
  }
  const group = (name: string, heapMb: number, managedMb: number) =>
    SlotSharingGroup.newBuilder(name)
      .setCpuCores(1)
      .setTaskHeapMemoryMB(heapMb)
      .setManagedMemoryMB(managedMb)
      .build()
  const job = (large: SlotSharingGroup) =>
    record((env) =>
      env
        .fromSequence(1, 10)
        .setParallelism(1)
        .slotSharingGroup(group('small', 50, 10))
        .rebalance()
        .map((n) => n * 2)
        .setParallelism(1)
        .slotSharingGroup(large)
        .print()
        .setParallelism(1)
        .slotSharingGroup('default'),
    )
  await t.test('get slots of these sizes beside a default slot of one TaskManager', async (t) => {
    const { log, allocated } = slotLog()
    const { 'slot.request.timeout': _soon, ...keys } = fineGrained
    const options = { keys, numberOfTaskSlotsPerTaskManager: 3, log }
    await withCluster(t, options, async ({ cluster, stdout }) => {
      await (await cluster.submitJob(await job(group('large', 140, 50)))).result()
      t.equal(stdout.lines.length, 10)
      t.same(allocated.sort(), [0, 3, 4])
    })
  })
  await t.test('larger than any TaskManager: the error has the figures', async (t) => {
    await withCluster(t, { keys: fineGrained }, async ({ cluster }) => {
      const recorded = await job(group('large', 301, 50))
      const failure = await (await cluster.submitJob(recorded)).result().catch((e: Error) => e)
      t.match(
        causesOf(failure).at(-1)?.message,
        /1 slot with cpu 1, task heap 301 mb, managed 50 mb is missing, more than the largest TaskManager has \(cpu 1, task heap 300 mb, managed 90 mb, .*\): no number of them helps, only larger ones .*smaller profile of the slot sharing group; .*1 TaskManager has 1 slot, 0 of them free. Start/,
      )
    })
  })
  await t.test('use default slots that are large enough unless slots are carved', async (t) => {
    const { log, allocated } = slotLog()
    const { 'cluster.fine-grained-resource-management.enabled': _enabled, ...keys } = fineGrained
    const options = { keys, numberOfTaskSlotsPerTaskManager: 3, log }
    await withCluster(t, options, async ({ cluster, stdout }) => {
      await (await cluster.submitJob(await job(group('large', 100, 30)))).result()
      t.equal(stdout.lines.length, 10)
      t.same(allocated.sort(), [0, 1, 2])
      const recorded = await job(group('large', 101, 30))
      const failure = await (await cluster.submitJob(recorded)).result().catch((e: Error) => e)
      t.match(
        causesOf(failure).at(-1)?.message,
        /more than a slot of the largest TaskManager has \(.*; cluster.fine-grained-resource-management.enabled is not set\)/,
      )
    })
  })
})
