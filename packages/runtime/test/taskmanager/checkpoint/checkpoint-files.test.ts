import { SeededRandom } from '@flink-ts/core'
import t from 'tap'
import { CheckpointFiles } from '../../../dist/taskmanager/checkpoint/checkpoint-files.js'
import { barrier, checkpointIo } from './checkpoint-io.js'

t.test('CheckpointFiles: without a folder all state is inlined, as far as it may be', async (t) => {
  const { fileSystems } = checkpointIo()
  const checkpointing = {
    isPeriodic: true,
    inlineThresholdBytes: 1000,
    unaligned: false,
    afterTasksFinish: true,
  }
  const random = new SeededRandom(1)
  const files = new CheckpointFiles({ fileSystems, random, checkpointing })
  const small = files.streams(barrier(1)).open('exclusive')
  await small.write(Buffer.alloc(900))
  t.match(await small.finish(), { kind: 'inline', sizeBytes: 900 })
  const large = files.streams(barrier(1)).open('exclusive')
  await t.rejects(large.write(Buffer.alloc(1001)), /too large .*; set execution.checkpointing.dir/)
})
