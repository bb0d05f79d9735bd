import type { Logger } from '@flink-ts/core'
import { chainRestore, restoreOpener } from './checkpoint/chain-restore.js'
import { restoreInFlight } from './checkpoint/restore-in-flight.js'
import type { TaskCheckpointIo } from './checkpoint/task-checkpoint-io.js'
import { TaskCheckpoints } from './checkpoint/task-checkpoints.js'
import { EmissionGate } from './emission-gate.js'
import { createHeadDriver } from './input/create-head-driver.js'
import { DiscardingDriver } from './input/discarding-driver.js'
import type { HeadDriver } from './input/head-driver.js'
import { InputProcessor } from './input/input-processor.js'
import { StoredFirstDriver } from './input/stored-first-driver.js'
import { OutputFlusher } from './output-flusher.js'
import type { StreamTaskOptions, TaskParts } from './stream-task-options.js'

/** What a task that runs is made of, beside its operators, inputs and outputs. */
export interface RunningParts {
  readonly flusher: OutputFlusher
  readonly gate: EmissionGate
  readonly head: HeadDriver
  /** Undefined: it takes no part in any. */
  readonly checkpoints: TaskCheckpoints | undefined
  /** The task had finished in the checkpoint that it is restored from: its operators are not opened. */
  readonly isFinishedOnRestore: boolean
}

/** What the parts have their task do. */
export interface TaskCalls {
  readonly fail: (error: unknown) => void
  /** Has the action run in the task's thread, between two records. */
  readonly execute: (action: () => void, description: string) => void
  /** Nothing else happens in the task until the promise has settled; a rejection fails it. */
  readonly hold: (work: Promise<void>) => void
  /** The data of a source end here, event time at its end, and the operators finish. */
  readonly drain: () => void
  /** The data of the task end here, and the operators do not finish. */
  readonly suspend: () => void
}

export function createRunningParts(
  parts: TaskParts,
  { checkpoints: io, clock, wake, bufferTimeoutMs }: StreamTaskOptions,
  { fail, ...calls }: TaskCalls,
  log: Logger,
): RunningParts {
  const { chain, inputs, outputs } = parts
  const restored = [...(io?.restore?.operators ?? [])]
  const isFinishedOnRestore = restored.length > 0 && restored.every(([, { finished }]) => finished)
  const finishedOperators = isFinishedOnRestore ? restored.map(([id]) => id) : undefined
  const world = { clock, log, wake, ...calls }
  const checkpoints = io && new TaskCheckpoints({ ...io, ...parts, ...world, finishedOperators })
  return {
    flusher: new OutputFlusher({ outputs, clock, bufferTimeoutMs, wake }),
    gate: new EmissionGate({ outputs, chain, wake, fail }),
    head: isFinishedOnRestore
      ? new DiscardingDriver(inputs, checkpoints)
      : createHeadDriver(parts, { clock, fail, events: checkpoints }),
    checkpoints,
    isFinishedOnRestore,
  }
}

/** Restores and opens the operators of a task. @returns what drives the head from then on */
export async function openParts(
  parts: TaskParts,
  head: HeadDriver,
  io: TaskCheckpointIo | undefined,
): Promise<HeadDriver> {
  const { chain } = parts
  if (io === undefined) {
    await chain.initializeState(undefined)
    await chain.open()
    return head
  }
  const { restore, edges, localState, fileSystems } = io
  const open = restoreOpener(fileSystems, localState && ((handle) => localState.open(handle)))
  await chain.initializeState(restore && chainRestore(restore, open))
  await chain.open()
  const { inFlight = [] } = restore?.operators.get(chain.headId) ?? {}
  if (!(head instanceof InputProcessor)) return head
  const stored = await restoreInFlight(inFlight, parts, edges, open)
  return stored.length === 0 ? head : new StoredFirstDriver(head, stored)
}
