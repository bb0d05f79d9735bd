import type { FileSystems } from '@flink-ts/core'
import { ManualClock } from '@flink-ts/core/testing'
import t from 'tap'
import type { AlignmentMetrics } from '../../../dist/taskmanager/checkpoint/alignment-meter.js'
import type { CheckpointFiles } from '../../../dist/taskmanager/checkpoint/checkpoint-files.js'
import {
  SubtaskCheckpoint,
  type SubtaskCheckpointOptions,
} from '../../../dist/taskmanager/checkpoint/subtask-checkpoint.js'
import { barrier } from './checkpoint-io.js'

/** A part whose operators wait where the test says. */
function part(waits: { prepare?: Promise<void>; snapshot?: Promise<void> }) {
  const events: string[] = []
  const note = (event: string) => void events.push(event)
  const keyed = { release: () => note('released') }
  const chain: Partial<SubtaskCheckpointOptions['chain']> = {
    headId: 'head' as SubtaskCheckpointOptions['chain']['headId'],
    prepareSnapshotPreBarrier: () => waits.prepare,
    snapshotState: () => {
      note('taken')
      const snapshots = [{ operatorId: 'op', keyed }] as never
      return waits.snapshot === undefined ? snapshots : waits.snapshot.then(() => snapshots)
    },
  }
  const subtask = new SubtaskCheckpoint({
    chain: chain as SubtaskCheckpointOptions['chain'],
    outputs: [{ broadcastEvent: () => note('barrier') } as never],
    files: { streams: () => note('streams') } as unknown as CheckpointFiles,
    fileSystems: {} as FileSystems,
    clock: new ManualClock(),
    reports: { acknowledge: () => note('acknowledged'), decline: () => note('declined') },
    wake: () => {},
  })
  return { events, subtask }
}

const alignment = () => ({}) as AlignmentMetrics

t.test(
  'SubtaskCheckpoint: what operators prepare while the task closes is in no checkpoint',
  async (t) => {
    let proceed = () => {}
    const waiting = () =>
      new Promise<void>((resolve) => {
        proceed = resolve
      })
    const preparing = part({ prepare: waiting() })
    const prepared = preparing.subtask.start(barrier(3), alignment)
    // A cancellation does not wait for operators.
    await preparing.subtask.close()
    proceed()
    await prepared
    t.strictSame(preparing.events, [])

    const taking = part({ snapshot: waiting() })
    const taken = taking.subtask.start(barrier(3), alignment)
    await taking.subtask.close()
    proceed()
    await taken
    t.strictSame(taking.events, ['barrier', 'taken', 'released'])
    t.notOk(taking.subtask.isWriting)
  },
)
