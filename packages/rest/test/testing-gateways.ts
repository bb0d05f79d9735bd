import { IntCounter, snapshotAccumulator } from '@flink-ts/core'
import {
  type DispatcherGateway,
  EXECUTION_STATES,
  type ExecutionGraphInfo,
  type JobStatus,
  type ResourceManagerGateway,
} from '@flink-ts/runtime'

function counter(value: number): IntCounter {
  const counter = new IntCounter()
  counter.add(value)
  return counter
}

type Methods = Readonly<Record<string, (request: never) => unknown>>

/** A gateway whose methods are those given; any other call fails by name. */
function gateway<G extends object>(methods: Methods): G {
  return new Proxy({} as G, {
    get: (_target, name) => async (request: never) => {
      const method = methods[String(name)]
      if (method === undefined) throw new Error(`unexpected call of ${String(name)}`)
      return method(request)
    },
  })
}

export const testingDispatcher = (methods: Methods) => gateway<DispatcherGateway>(methods)
export const testingResourceManager = (methods: Methods) => gateway<ResourceManagerGateway>(methods)

export const JOB_ID = '0123456789abcdef0123456789abcdef'
export const SOURCE_ID = 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'
export const SINK_ID = 'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb'

const zeroes = <K extends string>(keys: readonly K[]) =>
  Object.fromEntries(keys.map((key) => [key, 0])) as Record<K, number>

const JOB_STATUSES: readonly JobStatus[] = [
  'INITIALIZING',
  'CREATED',
  'RUNNING',
  'FAILING',
  'FAILED',
  'CANCELLING',
  'CANCELED',
  'FINISHED',
  'RESTARTING',
  'SUSPENDED',
  'RECONCILING',
]
/** A running job: a source of one subtask that feeds a sink of one by hash, over TCP. */
export function runningJob(): ExecutionGraphInfo {
  const vertex = (id: string, name: string) => ({
    id,
    name,
    parallelism: 1,
    maxParallelism: 128,
    slotSharingGroup: 'default',
    operators: [
      { operatorId: id, name, kind: 'operator', code: { kind: 'traced' }, chainedInputs: [] },
    ],
  })
  const info = (id: string, direction: string, bytes: number) => ({
    vertexId: id,
    aggregateState: 'RUNNING',
    subtasks: [
      {
        subtaskIndex: 0,
        history: [],
        current: {
          executionAttemptId: `g_${id}_0_0`,
          attemptNumber: 0,
          state: 'RUNNING',
          timestamps: {
            ...zeroes(EXECUTION_STATES),
            CREATED: 1000,
            SCHEDULED: 1010,
            DEPLOYING: 1030,
            INITIALIZING: 1060,
            RUNNING: 1100,
          },
          location: { resourceId: `tm-${id[0]}`, host: 'localhost', dataPort: 4711, nodeId: 'n' },
          metrics: {
            executionAttemptId: `g_${id}_0_0`,
            io: {
              numRecordsIn: direction === 'in' ? 7 : 0,
              numRecordsOut: direction === 'out' ? 7 : 0,
              numBytesIn: direction === 'in' ? bytes : 0,
              numBytesOut: direction === 'out' ? bytes : 0,
              numBuffersOut: 1,
              accumulatedBusyMs: 1.4,
              accumulatedIdleMs: 2,
              accumulatedBackPressuredMs: 3,
            },
            channels: [
              { direction, gate: 0, channel: 0, remote: true, numBytes: bytes, numBuffers: 1 },
            ],
            values: { 'Map.numRecordsOut': 7 },
            accumulators: [snapshotAccumulator('records', counter(7))],
          },
        },
      },
    ],
  })
  return {
    jobId: JOB_ID,
    name: 'a job',
    jobType: 'STREAMING',
    status: 'RUNNING',
    timestamps: { ...zeroes(JOB_STATUSES), INITIALIZING: 900, CREATED: 950, RUNNING: 990 },
    startTimeMs: 900,
    endTimeMs: -1,
    jobGraph: {
      vertices: [vertex(SOURCE_ID, 'Source: <a>'), vertex(SINK_ID, 'Sink: b')],
      edges: [
        {
          id: 'cccccccccccccccccccccccccccccccc',
          sourceVertexId: SOURCE_ID,
          sourceOperatorId: SOURCE_ID,
          targetVertexId: SINK_ID,
          targetInputIndex: 0,
          partitioner: 'HASH',
          exchange: 'pipelined_bounded',
        },
      ],
      configuration: {},
    },
    vertices: [info(SOURCE_ID, 'out', 100), info(SINK_ID, 'in', 100)],
    exceptionHistory: [
      {
        timestampMs: 1200,
        taskName: 'Sink: b (1/1)',
        taskManagerId: 'tm-b',
        endpoint: 'localhost:4711',
        error: {
          name: 'Error',
          message: 'boom',
          stack: 'Error: boom\n    at user (wordcount.ts:3:9)',
        },
        concurrent: [],
      },
    ],
    exceptionHistoryTruncated: false,
    restartStrategy: 'none',
    parallelism: 1,
  } as unknown as ExecutionGraphInfo
}
