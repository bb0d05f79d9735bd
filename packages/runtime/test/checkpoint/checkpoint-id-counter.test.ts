import { SeededRandom } from '@flink-ts/core'
import { CheckpointIdCounter, StandaloneHaServices } from '@flink-ts/runtime'
import t from 'tap'

function emptyStore() {
  const services = new StandaloneHaServices({ processStartMs: 1, random: new SeededRandom(1) })
  return services.stores({ epoch: 1, uuid: 'term' }).jobNamespace('job', 'checkpoint-ids')
}

t.test('CheckpointIdCounter goes on after the ids that were used', async (t) => {
  t.equal(await new CheckpointIdCounter(emptyStore()).getAndIncrement(), 1n)
  const counter = new CheckpointIdCounter(emptyStore(), { after: 7n })
  t.equal(await counter.getAndIncrement(), 8n)
  t.equal(await counter.getAndIncrement(), 9n)
})

t.test('CheckpointIdCounter refuses what is no options, as ids would come again', async (t) => {
  const refused = (options: unknown, message: RegExp) =>
    t.throws(() => new CheckpointIdCounter(emptyStore(), options as object), {
      name: 'TypeError',
      message,
    })
  refused(7n, /CheckpointIdCounter takes options such as \{ after: 7n \}, not 7 \(bigint\)/)
  refused(7, /CheckpointIdCounter takes options such as \{ after: 7n \}, not 7 \(number\)/)
  refused('7', /not 7 \(string\)/)
  refused(null, /not null \(object\)/)
  refused({ after: 7 }, /'after' of CheckpointIdCounter is a bigint such as 7n, not 7 \(number\)/)
  refused({ after: '7' }, /is a bigint such as 7n, not 7 \(string\)/)
  refused({ after: null }, /is a bigint such as 7n, not null \(object\)/)
})
