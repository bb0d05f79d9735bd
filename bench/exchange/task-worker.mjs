// A producer or consumer in a thread of its own; see ../suites/exchange.mjs.
import { parentPort, workerData } from 'node:worker_threads'
import { DynamicSerializer } from '@flink-ts/core'
import {
  blockingBufferWait,
  firstChannelSelector,
  InputGate,
  NetworkContext,
  RecordReader,
  RecordWriter,
  ResultPartition,
} from '@flink-ts/network'

const { role, context: contextHandle, handle, kind, count } = workerData
const context = NetworkContext.attach(contextHandle)
// Takes what there is of a buffer without looking at it: what is left is the exchange itself.
const wholeBuffers = {
  createEncoder: () => ({
    tryEncode(_value, target) {
      const length = target.limit - target.position
      if (length < 256) return false
      target.data.setUint32(target.position, length, true)
      target.position = target.limit
      return true
    },
    reset() {},
  }),
  createDecoder: () => ({
    decode(source) {
      source.position += source.data.getUint32(source.position, true)
    },
    reset() {},
  }),
}
const serializer = kind === 'filled buffer' ? wholeBuffers : new DynamicSerializer()
parentPort.on('message', () => {})

const words = Array.from({ length: 5000 }, (_, i) => `word${i}`)
const kilobyte = new Uint8Array(1024).fill(7)
const make = {
  number: (i) => i,
  'word and count': (i) => ({ word: words[i % 5000], count: 1 }),
  kilobyte: () => kilobyte,
  'filled buffer': () => undefined,
}[kind]

if (role === 'producer') {
  const partition = ResultPartition.attach(handle, context, {
    waitStrategy: blockingBufferWait(() => false),
  })
  const writer = new RecordWriter(partition, { serializer, selector: firstChannelSelector() })
  let i = 0
  const step = () => {
    while (i < count) {
      if (!partition.isAvailable()) {
        partition.onAvailable(step)
        return
      }
      const end = Math.min(count, i + (kind === 'filled buffer' ? 1 : 100))
      while (i < end) writer.emit(make(i++))
    }
    writer.broadcastEvent({ type: 'END_OF_PARTITION' })
  }
  step()
} else {
  const gate = InputGate.attach(handle, context)
  const reader = new RecordReader(gate, serializer)
  let received = 0
  let begin = 0n
  const handler = {
    onRecord() {
      if (received++ === 0) begin = process.hrtime.bigint()
    },
    onWatermark() {},
    onWatermarkStatus() {},
    onEvent() {},
  }
  const step = () => {
    for (;;) {
      const status = reader.poll(handler, 1000)
      if (status === 'END_OF_INPUT') {
        const seconds = Number(process.hrtime.bigint() - begin) / 1e9
        parentPort.postMessage({ received, seconds })
        return
      }
      if (status === 'NOTHING_AVAILABLE') {
        gate.onAvailable(step)
        return
      }
    }
  }
  step()
}
