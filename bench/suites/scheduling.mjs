import { Configuration, noopLogger, SeededRandom, SystemClock } from '@flink-ts/core'
import { jobMasterSettings } from '../../packages/runtime/dist/jobmaster/job-master-settings.js'
import { SlotPool } from '../../packages/runtime/dist/jobmaster/slotpool/slot-pool.js'
import { TaskDeploymentDescriptors } from '../../packages/runtime/dist/jobmaster/task-deployment-descriptors.js'
import { createScheduler } from '../../packages/runtime/dist/scheduler/scheduler-factory.js'

const SIZES = [1_000, 10_000, 100_000]
const SLOTS_PER_TASK_MANAGER = 10
const hex = (n) => n.toString(16).padStart(32, '0')

const vertex = (n, parallelism, slotSharingGroup) => ({
  id: hex(n),
  name: `v${n}`,
  parallelism,
  maxParallelism: 32_768,
  slotSharingGroup,
  operators: [
    {
      operatorId: hex(0x100 + n),
      name: `op${n}`,
      kind: 'operator',
      code: { kind: 'traced' },
      chainedInputs: [],
    },
  ],
})

const edge = (from, to, partitioner, exchange) => ({
  id: hex(0x1000 + from),
  sourceVertexId: hex(from),
  sourceOperatorId: hex(0x100 + from),
  targetVertexId: hex(to),
  targetInputIndex: 0,
  partitioner,
  exchange,
})

/** Vertices of at most `width` subtasks in a row, `subtasks` in all. */
function job(subtasks, width, partitioner, exchange, jobType) {
  const parallelism = Math.min(width, subtasks / 10)
  const count = subtasks / parallelism
  return {
    formatVersion: 1,
    jobId: hex(0xab),
    name: 'bench',
    jobType,
    vertices: Array.from({ length: count }, (_, i) => vertex(i + 1, parallelism, 'default')),
    edges: Array.from({ length: count - 1 }, (_, i) => edge(i + 1, i + 2, partitioner, exchange)),
    configuration: {},
  }
}

/** From the JobGraph to the descriptors of all tasks, RUNNING and FINISHED of each; seconds. */
function schedule(jobGraph) {
  const clock = new SystemClock()
  const configuration = new Configuration()
  const schedule = (delayMs, action) => clock.schedule(delayMs, action)
  const slots = new SlotPool({
    log: noopLogger,
    schedule,
    idleTimeoutMs: 50_000,
    onRequirementChanged() {},
    freeSlot() {},
  })
  const descriptors = new TaskDeploymentDescriptors(
    jobGraph,
    { address: 'jm:1', endpointId: 'jm' },
    { epoch: 1, uuid: 'u' },
  )
  const ready = []
  let bytes = 0
  let ended = false
  const begin = process.hrtime.bigint()
  const scheduler = createScheduler({
    jobGraph,
    configuration,
    settings: jobMasterSettings(configuration),
    slots,
    schedule,
    clock,
    random: new SeededRandom(1),
    log: noopLogger,
    operations: {
      deploy(vertices) {
        for (const task of vertices) {
          const { producedPartitions, inputGates } = descriptors.create(task)
          bytes += producedPartitions.length + inputGates.length
          ready.push(task)
        }
      },
      cancelOnTaskManager() {},
      executionEnded() {},
      subtasksReset() {},
      resultsConsumed() {},
      askTaskManager() {},
      graphReplaced() {},
      jobTerminated() {
        ended = true
      },
    },
  })
  scheduler.initialized()
  scheduler.startScheduling()
  const needed = slots.requiredSlots
  for (let n = 0; n < needed; n += SLOTS_PER_TASK_MANAGER) {
    const resourceId = `tm${n}`
    const offers = Array.from({ length: Math.min(SLOTS_PER_TASK_MANAGER, needed - n) }, (_, i) => ({
      allocationId: `${n + i}`,
      slotIndex: i,
    }))
    slots.offerSlots({ resourceId, host: resourceId, dataPort: 1, nodeId: resourceId }, offers)
  }
  const report = (state) => {
    const tasks = ready.splice(0)
    for (const { current } of tasks) {
      scheduler.updateTaskExecutionState({
        executionAttemptId: current.attemptId,
        state: 'RUNNING',
      })
    }
    for (const { current } of tasks) {
      scheduler.updateTaskExecutionState({ executionAttemptId: current.attemptId, state })
    }
  }
  while (ready.length > 0) report('FINISHED')
  if (!ended || scheduler.jobStatus !== 'FINISHED') throw new Error('the job has not finished')
  const seconds = Number(process.hrtime.bigint() - begin) / 1e9
  slots.releaseAll('end')
  return { seconds, bytes }
}

const SHAPES = [
  ['streaming, FORWARD', 10_000, 'FORWARD', 'pipelined_bounded', 'STREAMING'],
  ['streaming, all to all', 1_000, 'HASH', 'pipelined_bounded', 'STREAMING'],
  ['batch, stage by stage, all to all', 1_000, 'HASH', 'blocking', 'BATCH'],
  ['batch, stage by stage, FORWARD', 10_000, 'FORWARD', 'blocking', 'BATCH'],
]

/** What the scheduler itself takes per task, for jobs of growing size: linear means that it does not grow. */
export async function run({ report, runs }) {
  for (const [name, width, partitioner, exchange, jobType] of SHAPES) {
    for (const subtasks of SIZES) {
      for (let i = 0; i < Math.min(runs, 3); i++) {
        const { seconds, bytes } = schedule(job(subtasks, width, partitioner, exchange, jobType))
        const label = `${name}, ${subtasks} subtasks`
        report({
          case: label,
          metric: 'time per subtask',
          unit: 'µs',
          value: (seconds * 1e6) / subtasks,
        })
        report({
          case: label,
          metric: 'descriptors per subtask',
          unit: 'bytes',
          value: bytes / subtasks,
        })
      }
    }
  }
}
