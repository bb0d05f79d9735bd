import { sumIOMetrics } from '@flink-ts/metrics'
import type { AttemptInfo, TaskMetrics } from '@flink-ts/runtime'
import type { IOMetricsBody } from '../messages/messages.js'

/** Sums what subtasks measured; `…-complete` is false as long as one has not reported. */
export function ioMetricsBody(attempts: readonly AttemptInfo[]): IOMetricsBody {
  const reported = attempts.flatMap(({ metrics }) =>
    metrics?.io === undefined ? [] : [metrics.io],
  )
  const complete = reported.length === attempts.length
  const sum = sumIOMetrics(reported)
  return {
    'read-bytes': sum.numBytesIn,
    'read-bytes-complete': complete,
    'write-bytes': sum.numBytesOut,
    'write-bytes-complete': complete,
    'read-records': sum.numRecordsIn,
    'read-records-complete': complete,
    'write-records': sum.numRecordsOut,
    'write-records-complete': complete,
    'accumulated-backpressured-time': Math.round(sum.accumulatedBackPressuredMs),
    'accumulated-idle-time': Math.round(sum.accumulatedIdleMs),
    'accumulated-busy-time': Math.round(sum.accumulatedBusyMs),
  }
}

/**
 * All metrics of one subtask by Flink's identifiers, such as `numRecordsIn` and
 * `Shuffle.Netty.Input.numBytesInRemote`; and, beyond Flink, bytes and buffers of each channel
 * (`Shuffle.Netty.Output.1.channel3.numBytesOutRemote`: second result partition, fourth channel).
 */
export function subtaskMetrics(metrics: TaskMetrics): Map<string, number | boolean> {
  const values = new Map<string, number>(Object.entries(metrics.values))
  const { io } = metrics
  if (io !== undefined) {
    values.set('numRecordsIn', io.numRecordsIn)
    values.set('numRecordsOut', io.numRecordsOut)
    values.set('numBytesIn', io.numBytesIn)
    values.set('numBytesOut', io.numBytesOut)
    values.set('numBuffersOut', io.numBuffersOut)
    values.set('accumulatedBusyTimeMs', Math.round(io.accumulatedBusyMs))
    values.set('accumulatedIdleTimeMs', Math.round(io.accumulatedIdleMs))
    values.set('accumulatedBackPressuredTimeMs', Math.round(io.accumulatedBackPressuredMs))
  }
  for (const channel of metrics.channels) {
    const [side, way] = channel.direction === 'in' ? ['Input', 'In'] : ['Output', 'Out']
    const place = channel.remote ? 'Remote' : 'Local'
    const bytes = `numBytes${way}${place}`
    const total = `Shuffle.Netty.${side}.${bytes}`
    values.set(total, (values.get(total) ?? 0) + channel.numBytes)
    const prefix = `Shuffle.Netty.${side}.${channel.gate}.channel${channel.channel}`
    values.set(`${prefix}.${bytes}`, channel.numBytes)
    values.set(`${prefix}.numBuffers${way}${place}`, channel.numBuffers)
  }
  const isBackPressured = values.get('isBackPressured')
  if (isBackPressured === undefined) return values
  return new Map<string, number | boolean>(values).set('isBackPressured', isBackPressured === 1)
}
