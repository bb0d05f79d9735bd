import assert from 'node:assert/strict'
import type { MessagePort } from 'node:worker_threads'
import {
  AccumulatorRegistry,
  Configuration,
  createFileSystems,
  deserializeError,
  SystemClock,
  SystemRandom,
  serializeError,
} from '@flink-ts/core'
import { attachTaskShuffle, blockingBufferWait, type TaskShuffle } from '@flink-ts/network'
import type { JobCode } from '../operators/stream-operator.js'
import { NO_TRACED_CODE, withModuleCode } from '../program/module-code.js'
import { preloadClusterModules } from '../program/preload-cluster-modules.js'
import {
  assembleTask,
  bufferTimeoutMs,
  type TaskWorld,
  taskNameWithSubtask,
} from './assemble-task.js'
import { taskCheckpointIo } from './checkpoint/task-checkpoint-io.js'
import { LocalSpillFiles } from './local-spill-files.js'
import { TaskCounters } from './metrics/task-counters.js'
import { TaskMetricGroup } from './metrics/task-metric-group.js'
import { announceNativeCalls } from './native-calls.js'
import { StreamTask } from './stream-task.js'
import { isTerminalTaskState } from './task-state.js'
import { TaskStateBackend } from './task-state-backend.js'
import { TaskThreadControl } from './task-thread-control.js'
import type { TaskThreadCommand, TaskThreadData, TaskThreadReport } from './task-thread-messages.js'
import { ThreadConsole } from './thread-console.js'
import { threadLogger } from './thread-logger.js'
import { WorkerSocketConnector } from './worker-socket-connector.js'
import { TaskThreadLoop } from './worker-task-loop.js'

/** Shortest time between two reports of the metrics that operators have registered, in ms. */
const METRICS_INTERVAL_MS = 1000

/** The task that runs in this thread. */
export interface TaskInThread {
  handle(command: Exclude<TaskThreadCommand, { type: 'start' }>): void
}

/**
 * Runs a task in this thread, which ends with it.
 *
 * @param preloaded resolves when what was imported beforehand is here
 */
export function runTaskInThread(
  data: TaskThreadData,
  port: MessagePort,
  preloaded: Promise<void>,
): TaskInThread {
  const { deployment } = data.task
  const report = (message: TaskThreadReport) => port.postMessage(message)

  const clock = new SystemClock()
  const random = new SystemRandom()
  const threadConsole = new ThreadConsole()
  const control = new TaskThreadControl(data.control)
  const counters = new TaskCounters(data.counters, deployment.task.vertex.operators, clock)
  const time = counters.createTime()
  const metrics = new TaskMetricGroup(clock)
  const accumulators = new AccumulatorRegistry()
  const log = threadLogger(report, { task: taskNameWithSubtask(deployment) })
  const configuration = Configuration.fromMap({
    ...data.configuration,
    ...deployment.job.configuration,
  })
  const stateBackend = new TaskStateBackend({
    ...{ configuration, random, log },
    managedMemory: data.managedMemory,
    sharing: deployment.task.slotSharing,
  })
  const world: Omit<TaskWorld, 'shuffle'> = {
    clock,
    random,
    fileSystems: createFileSystems({ configuration, clock, random }),
    sockets: new WorkerSocketConnector(),
    stdout: threadConsole.stdout,
    log,
    waitStrategy: time.whileBlocked(blockingBufferWait(() => control.isCancelled)),
    configuration,
    operatorMetrics: (operatorName) => metrics.forOperator(operatorName),
    accumulators,
    managedMemory: data.managedMemory,
    spillFiles: LocalSpillFiles.configured(configuration, random),
    createKeyedState: (options) => stateBackend.createKeyedStateBackend(options),
    sendOperatorEvent: (operatorId, payload) =>
      report({ type: 'operatorEvent', operatorId, payload }),
  }

  let shuffle: TaskShuffle | undefined
  let metricsDueMs = 0
  const loop = new TaskThreadLoop({ clock, afterTurn: publish, onEnd: () => process.exit(0) })
  const task = new StreamTask({
    name: taskNameWithSubtask(deployment),
    clock,
    time,
    log,
    bufferTimeoutMs: bufferTimeoutMs(deployment, configuration),
    checkpoints: taskCheckpointIo(deployment, world, {
      acknowledge: (checkpointId, state, metrics) =>
        report({ type: 'checkpointAcknowledged', checkpointId, state, metrics }),
      decline: (checkpointId, reason, cause) =>
        report({
          type: 'checkpointDeclined',
          checkpointId,
          reason,
          ...(cause !== undefined && { cause: serializeError(cause) }),
        }),
    }),
    loadCode,
    assemble: (code, mailbox) => {
      assert(shuffle !== undefined, 'the shuffle is attached before the code is loaded')
      return assembleTask(data.task, { ...world, shuffle }, code, mailbox)
    },
    wake: loop.wake,
    onStateChange: (state, error) => {
      if (isTerminalTaskState(state)) {
        publish()
        reportMetrics()
      }
      report({
        type: 'state',
        state,
        ...(error === undefined ? {} : { error: serializeError(error) }),
      })
    },
  })

  threadConsole.install()
  announceNativeCalls(control)
  // What user code throws in a timer or a promise of its own.
  process.on('uncaughtException', (error) => task.fail(error))
  process.on('exit', () => threadConsole.flush())
  loop.start(task)
  return {
    handle(command) {
      switch (command.type) {
        case 'cancel':
          task.cancel()
          return
        case 'fail':
          task.fail(deserializeError(command.error))
          return
        case 'operatorEvent':
          task.deliverOperatorEvent(command.operatorId, command.payload)
          return
        case 'triggerCheckpoint':
          task.triggerCheckpoint(command.barrier)
          return
        case 'checkpointComplete':
          task.notifyCheckpointComplete(command.checkpointId)
          return
        case 'checkpointAborted':
          task.notifyCheckpointAborted(command.checkpointId)
      }
    },
  }

  async function loadCode(): Promise<JobCode> {
    const { bundlePath, job } = deployment
    shuffle = await attachTaskShuffle(data.shuffle)
    await stateBackend.load()
    if (bundlePath === undefined || job.program === undefined) {
      return withModuleCode(deployment, NO_TRACED_CODE)
    }
    const { traceProgram } = await import('../program/program-tracer.js')
    await preloaded
    await preloadClusterModules(bundlePath)
    process.setSourceMapsEnabled(true)
    const traced = await traceProgram({
      program: job.program,
      bundlePath,
      configuration,
      muteConsole: () => threadConsole.mute(),
      watchIdle,
    })
    return withModuleCode(deployment, traced)
  }

  function watchIdle(onIdle: () => void): () => void {
    // The port would keep a thread alive that has nothing else to wait for.
    port.unref()
    process.once('beforeExit', idle)
    function idle(): void {
      port.ref()
      onIdle()
    }
    return () => {
      process.off('beforeExit', idle)
      port.ref()
    }
  }

  function publish(): void {
    counters.publish(task)
    threadConsole.flush()
    const now = clock.monotonicNow()
    if (now < metricsDueMs) return
    metricsDueMs = now + METRICS_INTERVAL_MS
    reportMetrics()
  }

  function reportMetrics(): void {
    const values = metrics.values()
    if (accumulators.isEmpty && Object.keys(values).length === 0) return
    report({ type: 'metrics', values, accumulators: accumulators.snapshot() })
  }
}
