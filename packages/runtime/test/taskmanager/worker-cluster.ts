import { mkdirSync, realpathSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Configuration, noopLogger, type SerializedError, SystemClock } from '@flink-ts/core'
import { ShuffleEnvironment } from '@flink-ts/network'
import {
  type ProgramDescriptor,
  prepareClusterModules,
  type RunningTask,
  SubmissionRecorder,
  type TaskDeployment,
  WorkerTaskLauncher,
} from '@flink-ts/runtime'

/** What the bundles of these tests begin with: `job(map)` builds `numbers -> work`. */
export const PRELUDE = `
import { currentProgramContext } from '@flink-ts/runtime/program'
const lifeCycle = { open() {}, finish() {}, close() {} }
const numbers = (count) => ({
  type: 'source',
  createOperator({ output }) {
    let next = 0
    return {
      ...lifeCycle,
      emitNext() {
        for (let i = 0; i < 500 && next < count; i++) output.collect(next++, NaN)
        return next < count ? 'MORE_AVAILABLE' : 'END_OF_INPUT'
      },
      isAvailable: async () => {},
    }
  },
})
const mapping = (map) => ({
  type: 'oneInput',
  createOperator: (context) => ({
    ...lifeCycle,
    processElement(value) { map(value, context) },
    processWatermark() {},
    processWatermarkStatus() {},
  }),
})
const job = (map, { count = 10, structure = ['numbers', 'work'] } = {}) => ({
  jobGraph: { vertices: [{ operators: [
    { operatorId: 'numbers', name: 'numbers' }, { operatorId: 'work', name: 'work' },
  ] }] },
  code: { operators: new Map([['numbers', numbers(count)], ['work', mapping(map)]]), edges: new Map() },
  structure,
  functions: new Map([['work', [map]]]),
})
const execute = (job) => currentProgramContext().execute(job)
`

export interface WorkerLaunched {
  readonly task: RunningTask
  readonly states: string[]
  readonly error: () => SerializedError | undefined
  /** Resolves with the next state of this name. */
  reached(state: string): Promise<void>
  readonly fatal: Promise<Error>
  /** Resolves with the first event for a coordinator. */
  readonly event: Promise<void>
}

export interface WorkerCluster {
  launch(deployment: TaskDeployment): WorkerLaunched
  managedMemoryUsed(): number
  close(): Promise<void>
}

export async function workerCluster(
  options: { configuration?: Record<string, string>; heapMb?: number } = {},
): Promise<WorkerCluster> {
  const clock = new SystemClock()
  const shuffle = await ShuffleEnvironment.start({
    resourceId: 'tm',
    host: '127.0.0.1',
    numberOfSegments: 64,
    clock,
    log: noopLogger,
  })
  const launcher = new WorkerTaskLauncher({
    shuffle,
    clock,
    log: noopLogger,
    configuration: Configuration.fromMap(options.configuration ?? {}),
    slot: { taskHeapBytes: (options.heapMb ?? 512) * 2 ** 20, managedBytes: 0 },
  })
  return {
    launch(deployment) {
      const states: string[] = []
      let error: SerializedError | undefined
      const waiting: (() => void)[] = []
      let onFatal = (_: Error) => {}
      const fatal = new Promise<Error>((resolve) => {
        onFatal = resolve
      })
      let onEvent = () => {}
      let noEvent = (_: Error) => {}
      const event = new Promise<void>((resolve, reject) => {
        onEvent = resolve
        noEvent = reject
      })
      event.catch(() => {})
      const task = launcher.launch(deployment, {
        onStateChange(state, cause) {
          states.push(state)
          error = cause
          for (const check of waiting) check()
          if (state === 'FAILED') noEvent(new Error(JSON.stringify(cause)))
        },
        onOperatorEvent: () => onEvent(),
        onCheckpointAcknowledged() {},
        onCheckpointDeclined() {},
        onFatalError: (cause) => onFatal(cause),
      })
      const reached = (state: string) =>
        new Promise<void>((resolve, reject) => {
          const check = () => {
            if (states.includes(state)) resolve()
            else if (['FAILED', 'CANCELED', 'FINISHED'].includes(states.at(-1) ?? '')) {
              reject(new Error(`${states.at(-1)} instead of ${state}: ${JSON.stringify(error)}`))
            }
          }
          waiting.push(check)
          check()
        })
      return { task, states, error: () => error, reached, fatal, event }
    },
    managedMemoryUsed: () => launcher.managedMemoryUsed,
    async close() {
      await launcher.close()
      await shuffle.close()
    },
  }
}

/** Writes a bundle into `directory` and answers its path. */
export function writeBundle(directory: string, name: string, source: string): string {
  mkdirSync(directory, { recursive: true })
  const real = realpathSync(directory)
  prepareClusterModules(real)
  const path = join(real, name)
  writeFileSync(path, source)
  return path
}

/** Runs the bundle as a client does and answers what it would submit, one per `execute()`. */
export async function recordProgram(
  path: string,
  options: { args?: string[]; entryPoint?: string } = {},
): Promise<ProgramDescriptor[]> {
  const programs: ProgramDescriptor[] = []
  const recorder = new SubmissionRecorder({
    programPath: path,
    programName: 'words.ts',
    args: options.args ?? [],
    configuration: new Configuration(),
    submissionTimeMs: 1_700_000_000_000,
    randomSeed: 42,
    ...(options.entryPoint === undefined ? {} : { entryPoint: options.entryPoint }),
    async submit(_job, program) {
      programs.push(program)
      return {
        jobId: `job${programs.length}`,
        result: async () => ({
          jobId: `job${programs.length}`,
          jobName: 'job',
          netRuntimeMs: 5,
          accumulators: [],
        }),
        status: async () => 'FINISHED',
        accumulators: async () => [],
        cancel: async () => {},
        savepoint: async () => '/savepoint',
      }
    },
  })
  await recorder.run()
  return programs
}
