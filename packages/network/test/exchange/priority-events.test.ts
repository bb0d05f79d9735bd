import type { ChannelEvent } from '@flink-ts/network'
import t from 'tap'
import { connect } from './environment-pair.js'
import { startTwo, unalignedBarrier } from './inline-exchange.js'
import { type TestRecord, testRecord } from './test-serializer.js'

async function exchange(isRemote: boolean) {
  const { turns, a, b } = await startTwo(isRemote)
  const { writer, gate, reader } = connect(a, b)
  const seen: (number | string)[] = []
  const handler = {
    onRecord: ({ sequence }: TestRecord) => void seen.push(sequence),
    onWatermark() {},
    onWatermarkStatus() {},
    onEvent(event: ChannelEvent, _channel: number, isPriority?: boolean) {
      const id = 'checkpointId' in event ? event.checkpointId : ''
      seen.push(`${event.type}${id}${isPriority === true ? '!' : ''}`)
    },
  }
  const settle = async () => {
    for (let i = 0; i < 30; i++) {
      turns.run()
      await new Promise(setImmediate)
    }
  }
  const close = async () => {
    await Promise.all([a.close(), b.close()])
    await settle()
  }
  return { writer, gate, reader, handler, seen, settle, close }
}

for (const isRemote of [false, true]) {
  const place = isRemote ? 'over a connection' : 'in one process'
  t.test(`a priority event overtakes what is queued, ${place}`, async (t) => {
    const { writer, reader, handler, seen, settle, close } = await exchange(isRemote)
    for (let i = 0; i < 30; i++) writer.emit(testRecord(0, i, 100))
    writer.flushAll()
    await settle()
    writer.broadcastPriorityEvent(unalignedBarrier(7n))
    await settle()
    reader.poll(handler, 1)
    t.equal(seen[0], 'CHECKPOINT_BARRIER7!')
    writer.broadcastEvent({ type: 'END_OF_PARTITION' })
    for (let i = 0; i < 100 && reader.poll(handler, 10) !== 'END_OF_INPUT'; i++) await settle()
    t.same(
      seen.filter((entry) => typeof entry === 'number'),
      Array.from({ length: 30 }, (_, i) => i),
    )
    await close()
  })

  t.test(
    `priority events wake the gate, pass a blocked channel and keep their order, ${place}`,
    async (t) => {
      const { writer, gate, reader, handler, seen, settle, close } = await exchange(isRemote)
      writer.emit(testRecord(0, 0, 10))
      writer.flushAll()
      await settle()
      gate.blockConsumption(0)
      let isAwake = false
      gate.onAvailable(() => {
        isAwake = true
      })
      await settle()
      t.notOk(isAwake)
      writer.broadcastPriorityEvent(unalignedBarrier(1n))
      writer.broadcastPriorityEvent(unalignedBarrier(2n))
      await settle()
      t.ok(isAwake)
      reader.poll(handler, 10)
      t.same(seen, ['CHECKPOINT_BARRIER1!', 'CHECKPOINT_BARRIER2!'])
      // More than the lane holds: the rest comes in its turn.
      for (let id = 3n; id < 9n; id++) writer.broadcastPriorityEvent(unalignedBarrier(id))
      gate.resumeConsumption(0)
      for (let i = 0; i < 10; i++) {
        reader.poll(handler, 10)
        await settle()
      }
      t.equal(seen.length, 9)
      await close()
    },
  )
}
