// A producer at a steady rate, or a consumer that notes how old records are; see ../suites/latency.mjs.
import { parentPort, workerData } from 'node:worker_threads'
import { DynamicSerializer, SystemClock } from '@flink-ts/core'
import {
  blockingBufferWait,
  firstChannelSelector,
  InputGate,
  NetworkContext,
  RecordReader,
  RecordWriter,
  ResultPartition,
} from '@flink-ts/network'
import { OutputFlusher } from '../../packages/runtime/dist/taskmanager/output-flusher.js'

const { role, context: contextHandle, handle, rate, seconds, timeoutMs } = workerData
const context = NetworkContext.attach(contextHandle)
const serializer = new DynamicSerializer()
const now = () => Number(process.hrtime.bigint()) / 1e6
const WARM_UP = 0.25
const PAUSE_MS = 0.05
const nothing = new Int32Array(new SharedArrayBuffer(4))
parentPort.on('message', () => {})

if (role === 'producer') {
  const partition = ResultPartition.attach(handle, context, {
    waitStrategy: blockingBufferWait(() => false),
  })
  const writer = new RecordWriter(partition, { serializer, selector: firstChannelSelector() })
  const begin = now()
  let sent = 0
  const flusher = new OutputFlusher({
    outputs: [{ flush: () => writer.flushAll() }],
    clock: new SystemClock(),
    bufferTimeoutMs: timeoutMs,
    wake() {},
  })
  const step = () => {
    // What is due goes out at once: the schedule does not slip when the thread does.
    const time = now()
    const due = Math.min(rate * seconds, ((time - begin) / 1000) * rate)
    for (; sent < due; sent++) {
      writer.emit({ at: begin + (sent / rate) * 1000, value: sent })
      if (timeoutMs === 0) writer.flushAll()
    }
    flusher.afterBatch(true)
    flusher.onIdle()
    // A thread that never sleeps is put aside by the scheduler for milliseconds at a time where others want to run.
    Atomics.wait(nothing, 0, 0, PAUSE_MS)
    if (sent < rate * seconds) setImmediate(step)
    else writer.broadcastEvent({ type: 'END_OF_PARTITION' })
  }
  step()
} else {
  const gate = InputGate.attach(handle, context)
  const reader = new RecordReader(gate, serializer)
  const ages = []
  const handler = {
    onRecord: ({ at }) => void ages.push(now() - at),
    onWatermark() {},
    onWatermarkStatus() {},
    onEvent() {},
  }
  const step = () => {
    for (;;) {
      const status = reader.poll(handler, 256)
      if (status === 'MORE_AVAILABLE') continue
      if (status === 'NOTHING_AVAILABLE') {
        gate.onAvailable(step)
        return
      }
      const measured = Float64Array.from(ages.slice(ages.length * WARM_UP)).sort()
      const at = (part) => measured[Math.floor((measured.length - 1) * part)]
      parentPort.postMessage({ p50: at(0.5), p99: at(0.99) })
      return
    }
  }
  step()
}
