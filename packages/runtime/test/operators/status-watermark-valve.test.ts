import { StatusWatermarkValve } from '@flink-ts/runtime'
import fc from 'fast-check'
import t from 'tap'

function valve(numberOfChannels: number) {
  const emitted: (number | string)[] = []
  return {
    emitted,
    valve: new StatusWatermarkValve(numberOfChannels, {
      emitWatermark: (timestampMs) => emitted.push(timestampMs),
      emitWatermarkStatus: (status) => emitted.push(status),
    }),
  }
}

t.test('StatusWatermarkValve emits the least watermark once every channel has one', async (t) => {
  const { valve: v, emitted } = valve(2)
  v.inputWatermark(5, 0)
  t.strictSame(emitted, [])
  v.inputWatermark(3, 1)
  v.inputWatermark(4, 1)
  v.inputWatermark(9, 1)

  t.strictSame(emitted, [3, 4, 5])
})

t.test('StatusWatermarkValve leaves idle channels out', async (t) => {
  const { valve: v, emitted } = valve(2)
  v.inputWatermark(5, 0)
  v.inputWatermarkStatus('IDLE', 1)
  v.inputWatermark(7, 0)

  t.strictSame(emitted, [5, 7])
  v.inputWatermarkStatus('IDLE', 0)
  t.strictSame(emitted, [5, 7, 'IDLE'])
  v.inputWatermark(100, 0)
  t.strictSame(emitted, [5, 7, 'IDLE'], 'what an idle channel says does not count')
})

t.test('StatusWatermarkValve waits for nobody behind who turns active again', async (t) => {
  const { valve: v, emitted } = valve(2)
  v.inputWatermark(2, 1)
  v.inputWatermark(10, 0)
  v.inputWatermarkStatus('IDLE', 1)
  v.inputWatermarkStatus('ACTIVE', 1)
  v.inputWatermark(11, 0)
  v.inputWatermark(4, 1)
  v.inputWatermark(12, 1)
  v.inputWatermark(13, 0)

  t.strictSame(emitted, [2, 10, 11, 12])
})

t.test('StatusWatermarkValve emits the maximum when the last channel turns idle', async (t) => {
  const { valve: v, emitted } = valve(2)
  v.inputWatermark(10, 0)
  v.inputWatermark(3, 1)
  v.inputWatermarkStatus('IDLE', 0)
  v.inputWatermarkStatus('IDLE', 1)
  v.inputWatermarkStatus('ACTIVE', 1)

  t.strictSame(emitted, [3, 10, 'IDLE', 'ACTIVE'])
})

t.test('StatusWatermarkValve never goes back, whatever comes', async (t) => {
  const input = fc.record({
    channel: fc.nat(2),
    what: fc.oneof(fc.nat(50), fc.constant('ACTIVE' as const), fc.constant('IDLE' as const)),
  })
  const property = fc.property(fc.array(input, { maxLength: 60 }), (inputs) => {
    const { valve: v, emitted } = valve(3)
    let last = -1
    let status = 'ACTIVE'
    for (const { channel, what } of inputs) {
      const before = emitted.length
      if (typeof what === 'number') v.inputWatermark(what, channel)
      else v.inputWatermarkStatus(what, channel)
      for (const output of emitted.slice(before)) {
        if (typeof output === 'string') {
          if (output === status) return false
          status = output
        } else {
          if (output <= last || status === 'IDLE') return false
          last = output
        }
      }
    }
    return true
  })
  t.doesNotThrow(() => fc.assert(property))
})
