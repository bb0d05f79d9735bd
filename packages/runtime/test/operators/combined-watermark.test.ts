import { CombinedWatermark, NO_WATERMARK, StatusWatermarkValve } from '@flink-ts/runtime'
import fc from 'fast-check'
import t from 'tap'

type Said = number | 'ACTIVE' | 'IDLE'

const INPUTS = 3

const said = fc.record({
  input: fc.nat(INPUTS - 1),
  what: fc.oneof(fc.nat(50), fc.constant('ACTIVE' as const), fc.constant('IDLE' as const)),
})

/** What was emitted, and what is so after it. */
class Listener {
  readonly emitted: Said[] = []
  watermark = NO_WATERMARK
  status: 'ACTIVE' | 'IDLE' = 'ACTIVE'
  /** Whether it kept to what those behind may rely on. */
  isSound = true

  emitWatermark(timestampMs: number): void {
    this.isSound &&= timestampMs > this.watermark && this.status === 'ACTIVE'
    this.watermark = timestampMs
    this.emitted.push(timestampMs)
  }

  emitWatermarkStatus(status: 'ACTIVE' | 'IDLE'): void {
    this.isSound &&= status !== this.status
    this.status = status
    this.emitted.push(status)
  }
}

t.test('CombinedWatermark is the least of the inputs that are not idle', async (t) => {
  const property = fc.property(fc.array(said, { maxLength: 80 }), (history) => {
    const listener = new Listener()
    const combined = new CombinedWatermark(INPUTS, listener)
    const watermarks = Array<number>(INPUTS).fill(NO_WATERMARK)
    const idle = Array<boolean>(INPUTS).fill(false)
    let expected = NO_WATERMARK
    for (const { input, what } of history) {
      if (typeof what === 'number') {
        combined.updateWatermark(input, what)
        watermarks[input] = Math.max(watermarks[input]!, what)
        idle[input] = false
      } else {
        combined.updateStatus(input, what)
        idle[input] = what === 'IDLE'
      }
      const active = watermarks.filter((_, i) => !idle[i])
      if (active.length > 0) expected = Math.max(expected, Math.min(...active))
      const status = active.length === 0 ? 'IDLE' : 'ACTIVE'
      if (!listener.isSound || listener.status !== status) return false
      if (listener.watermark !== expected || combined.currentWatermark !== expected) return false
    }
    return true
  })
  t.doesNotThrow(() => fc.assert(property, { numRuns: 500 }))
})

/**
 * Flink's rules in words: a channel counts while it is active and has caught up with what was emitted. The least
 * watermark of those that count is emitted where it is greater; when the last channel turns idle, and was one of those
 * who held back, the greatest of all is.
 */
class ValveModel {
  readonly channels = Array.from({ length: INPUTS }, () => ({
    watermark: NO_WATERMARK,
    isActive: true,
    counts: true,
  }))
  last = NO_WATERMARK
  isIdle = false
  readonly emitted: Said[] = []

  say(index: number, what: Said): void {
    const channel = this.channels[index]!
    if (typeof what === 'number') {
      if (!channel.isActive || what <= channel.watermark) return
      channel.watermark = what
      channel.counts ||= what >= this.last
      this.#emitLeast()
    } else if (what === 'IDLE' && channel.isActive) {
      channel.isActive = false
      channel.counts = false
      this.isIdle = this.channels.every((c) => !c.isActive)
      if (!this.isIdle) this.#emitLeast()
      else if (channel.watermark === this.last) {
        this.#emit(Math.max(...this.channels.map((c) => c.watermark)))
      }
      if (this.isIdle) this.emitted.push('IDLE')
    } else if (what === 'ACTIVE' && !channel.isActive) {
      channel.isActive = true
      channel.counts = channel.watermark >= this.last
      if (this.isIdle) this.emitted.push('ACTIVE')
      this.isIdle = false
    }
  }

  #emitLeast(): void {
    const counting = this.channels.filter((c) => c.isActive && c.counts)
    if (counting.length > 0) this.#emit(Math.min(...counting.map((c) => c.watermark)))
  }

  #emit(timestampMs: number): void {
    if (timestampMs <= this.last) return
    this.last = timestampMs
    this.emitted.push(timestampMs)
  }
}

t.test('StatusWatermarkValve says what its model says', async (t) => {
  const property = fc.property(fc.array(said, { maxLength: 80 }), (history) => {
    const listener = new Listener()
    const valve = new StatusWatermarkValve(INPUTS, listener)
    const model = new ValveModel()
    for (const { input, what } of history) {
      if (typeof what === 'number') valve.inputWatermark(what, input)
      else valve.inputWatermarkStatus(what, input)
      model.say(input, what)
      if (!listener.isSound || valve.currentWatermark !== model.last) return false
    }
    return JSON.stringify(listener.emitted) === JSON.stringify(model.emitted)
  })
  t.doesNotThrow(() => fc.assert(property, { numRuns: 500 }))
})
