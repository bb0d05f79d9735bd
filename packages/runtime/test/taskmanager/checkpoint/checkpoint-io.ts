import { FileSystemRegistry, InMemoryFileSystem, SeededRandom } from '@flink-ts/core'
import { ManualClock } from '@flink-ts/core/testing'
import type { CheckpointBarrier } from '@flink-ts/network'
import type { OperatorFactory, StreamTaskOptions } from '@flink-ts/runtime'
import { CheckpointFiles } from '../../../dist/taskmanager/checkpoint/checkpoint-files.js'
import { mapping } from '../testing-job.js'

export const DIRECTORY = 'memory:///cp'

export function barrier(id: number, facts: Partial<CheckpointBarrier> = {}): CheckpointBarrier {
  return {
    type: 'CHECKPOINT_BARRIER',
    checkpointId: BigInt(id),
    timestampMs: 0,
    snapshotType: 'CHECKPOINT',
    alignment: 'ALIGNED',
    alignedTimeoutMs: 0,
    ...facts,
  }
}

type Io = NonNullable<StreamTaskOptions['checkpoints']>

/** What a task's checkpoints work with; `reports` has what it told. */
export function checkpointIo(given: Partial<Io> = {}) {
  const random = new SeededRandom(1)
  const files = new InMemoryFileSystem({ clock: new ManualClock(), random })
  const fileSystems = new FileSystemRegistry([files])
  const reports: string[] = []
  const checkpointing = {
    isPeriodic: true,
    jobDirectory: DIRECTORY,
    inlineThresholdBytes: 100,
    unaligned: false,
    afterTasksFinish: true,
  }
  const io: Io = {
    files: new CheckpointFiles({ fileSystems, random, checkpointing }),
    fileSystems,
    checkpointing,
    restore: undefined,
    edges: { subtaskIndex: 0, parallelism: 1, maxParallelism: 128, inputs: [], outputs: [] },
    ...given,
    reports: {
      acknowledge: (id) => reports.push(`ack ${id}`),
      decline: (id, reason, cause) =>
        reports.push(`decline ${id} ${reason}${cause ? ` ${(cause as Error).message}` : ''}`),
    },
  }
  return { io, reports, files, fileSystems }
}

/** Passes values on. */
export const passing = (hooks: object = {}): OperatorFactory =>
  mapping((value, { output }) => output.collect(value, Number.NaN), hooks)

/** What a task wrote, whenever it flushed. */
export const withoutFlush = (written: readonly unknown[]) =>
  written.filter((each) => each !== 'flush')
