import { AdaptiveBatch } from '@flink-ts/core'
import { ManualClock } from '@flink-ts/core/testing'
import t from 'tap'

t.test('AdaptiveBatch grows to its largest size while batches are quick', (t) => {
  const batch = new AdaptiveBatch(new ManualClock(), 256)
  const sizes: number[] = []

  for (let n = 0; n < 10; n++) {
    sizes.push(batch.begin())
    batch.end()
  }

  t.strictSame(sizes, [1, 2, 4, 8, 16, 32, 64, 128, 256, 256])
  t.end()
})

t.test(
  'AdaptiveBatch comes down to what takes some milliseconds, and to 1 for slow records',
  (t) => {
    const clock = new ManualClock()
    const batch = new AdaptiveBatch(clock, 256)
    const handle = (msPerRecord: number) => {
      const size = batch.begin()
      clock.advance(size * msPerRecord)
      batch.end()
      return size
    }
    for (let n = 0; n < 10; n++) handle(0)

    t.equal(handle(1), 256)
    t.equal(handle(1), 8, 'as many as fit into 8 ms')
    handle(50)
    t.equal(handle(50), 1)
    t.equal(handle(50), 1)
    handle(0)
    t.equal(handle(0), 2, 'and up again when they are quick')
    t.end()
  },
)
