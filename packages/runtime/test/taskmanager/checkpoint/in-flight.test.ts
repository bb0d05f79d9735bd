import { crc32 } from 'node:zlib'
import { DynamicSerializer } from '@flink-ts/core'
import type { CopiedSlot } from '@flink-ts/network'
import { RecordReader, storedInputGate } from '@flink-ts/network'
import type { OpenStateHandle, OperatorState, StateHandle } from '@flink-ts/state'
import t from 'tap'
import { checkInFlight } from '../../../dist/checkpoint/check-in-flight.js'
import {
  checkPartlyFinished,
  PartlyFinishedUnionStateError,
} from '../../../dist/checkpoint/check-partly-finished.js'
import type { JobEdge, JobGraph } from '../../../dist/jobgraph/job-graph.js'
import { edgeName, type TaskEdges } from '../../../dist/taskmanager/checkpoint/in-flight-capture.js'
import {
  encodeInFlight,
  type InFlightChannel,
} from '../../../dist/taskmanager/checkpoint/in-flight-file.js'
import { restoreInFlight } from '../../../dist/taskmanager/checkpoint/restore-in-flight.js'
import { NetworkTaskInput } from '../../../dist/taskmanager/network-task-io.js'
import type { TaskParts } from '../../../dist/taskmanager/stream-task-options.js'

const MAX_PARALLELISM = 128
const SLOT_BYTES = 1000

const edge = {
  sourceOperatorId: 'map',
  targetVertexId: 'count',
  targetInputIndex: 0,
  partitioner: 'HASH',
} as unknown as JobEdge

function slot(number: number): CopiedSlot {
  return { number, flags: 2, bytes: Buffer.alloc(SLOT_BYTES, number) }
}

/** A slot of the receiving end and one of the sending end for each channel of `consumers` by `producers`. */
function filesOf(producers: number, consumers: number): Buffer[] {
  const facts = { edge: edgeName(edge), consumers, from: 0, skip: 0 }
  const range = (count: number) => Array.from({ length: count }, (_, i) => i)
  const captured = range(consumers).map((consumer): InFlightChannel[] =>
    range(producers).map((producer) => ({
      ...{ ...facts, producer, consumer, side: 'captured', maxParallelism: MAX_PARALLELISM },
      slots: [slot(0)],
    })),
  )
  const produced = range(producers).map((producer): InFlightChannel[] =>
    range(consumers).map((consumer) => ({
      ...{ ...facts, producer, consumer, side: 'produced' },
      slots: [slot(1)],
    })),
  )
  return [...captured, ...produced].map((channels) => Buffer.concat(encodeInFlight(channels)))
}

/** Files in memory, and how much of them was read. */
function counted(files: readonly Buffer[]) {
  const counts = { bytes: 0, opened: 0, closed: 0 }
  const handles = files.map(
    (bytes, i): StateHandle => ({
      ...{ kind: 'file', path: `memory:///${i}` },
      ...{ sizeBytes: bytes.length, checksum: crc32(bytes) },
    }),
  )
  const open: OpenStateHandle = async (handle) => {
    const path = handle.kind === 'file' ? handle.path : ''
    const bytes = files[Number(path.split('/').at(-1))]!
    counts.opened++
    return {
      path,
      sizeBytes: bytes.length,
      async read(target, position) {
        const part = bytes.subarray(position, position + target.length)
        target.set(part)
        counts.bytes += part.length
        return part.length
      },
      async close() {
        counts.closed++
      },
    }
  }
  return { counts, handles, open }
}

function task(subtaskIndex: number, parallelism: number) {
  const restored: (readonly CopiedSlot[])[] = []
  const parts = {
    storedInput: (_gate: number, channels: readonly (readonly CopiedSlot[])[]) => {
      restored.push(...channels)
      return new NetworkTaskInput(
        new RecordReader(storedInputGate(channels), new DynamicSerializer()),
        0,
      )
    },
    ownsRecord: () => () => true,
  } as unknown as TaskParts
  const edges: TaskEdges = {
    ...{ subtaskIndex, parallelism, maxParallelism: MAX_PARALLELISM },
    ...{ inputs: [edge], outputs: [] },
  }
  return { parts, edges, restored }
}

t.test('restoreInFlight reads what is its own: all subtasks together read linearly', async (t) => {
  for (const parallelism of [4, 8, 16]) {
    const files = filesOf(parallelism, parallelism)
    const stored = files.reduce((sum, { length }) => sum + length, 0)
    const { counts, handles, open } = counted(files)
    for (let subtask = 0; subtask < parallelism; subtask++) {
      const { parts, edges, restored } = task(subtask, parallelism)
      const own = [handles[subtask]!, ...handles.slice(parallelism)]
      t.equal((await restoreInFlight(own, parts, edges, open)).length, 1)
      t.same(
        restored.map((slots) => slots.map(({ number }) => number)),
        Array.from({ length: parallelism }, () => [0, 1]),
      )
    }
    t.equal(counts.opened, counts.closed)
    // The payload once; heads as often as there are subtasks.
    const data = 2 * parallelism ** 2 * SLOT_BYTES
    const heads = stored - data
    t.ok(counts.bytes <= data + heads * (parallelism + 1), `${parallelism}: ${counts.bytes}`)
  }
})

t.test(
  'restoreInFlight at another parallelism reads channels whose key groups may be its own',
  async (t) => {
    for (const [before, after] of [
      [8, 16],
      [16, 8],
      [6, 9],
    ] as const) {
      const { handles, open } = counted(filesOf(2, before))
      let channels = 0
      for (let subtask = 0; subtask < after; subtask++) {
        const { parts, edges, restored } = task(subtask, after)
        await restoreInFlight(handles, parts, edges, open)
        channels += restored.length
      }
      t.ok(
        channels >= 2 * before && channels <= 2 * (before + after),
        `${before}→${after}: ${channels}`,
      )
    }
  },
)

t.test(
  'restoreInFlight finds damage in what it reads, and reads files of the first version',
  async (t) => {
    const files = filesOf(2, 2)
    const damaged = files.map((bytes) => Buffer.from(bytes))
    damaged[0]![damaged[0]!.length - 1]! ^= 1
    for (const [what, bytes] of [
      ['data', damaged],
      [
        'head',
        files.map((file) =>
          Buffer.concat([file.subarray(0, 20), Buffer.from('x'), file.subarray(21)]),
        ),
      ],
      ['end', files.map((file) => file.subarray(0, -1))],
    ] as const) {
      const { handles, open } = counted(bytes)
      const { parts, edges } = task(0, 2)
      await t.rejects(
        restoreInFlight(handles, parts, edges, open),
        { code: 'FLINK_SNAPSHOT_CORRUPT' },
        what,
      )
    }
    const first = files.map((file) => {
      const length = file.readUInt32LE(0) & 0x7fffffff
      const head = JSON.parse(file.toString('utf8', 8, 8 + length)) as Record<string, unknown>[]
      const json = Buffer.from(
        JSON.stringify(head.map(({ crc: _crc, maxParallelism: _max, ...facts }) => facts)),
      )
      const start = Buffer.alloc(4)
      start.writeUInt32LE(json.length)
      return Buffer.concat([start, json, file.subarray(8 + length)])
    })
    const { handles, open } = counted(first)
    const { parts, edges, restored } = task(1, 2)
    await restoreInFlight(handles, parts, edges, open)
    t.same(
      restored.map((slots) => slots.map(({ number }) => number)),
      [
        [0, 1],
        [0, 1],
      ],
    )
    first[3]![first[3]!.length - 1]! ^= 1
    await t.rejects(restoreInFlight(handles, parts, edges, open), {
      code: 'FLINK_SNAPSHOT_CORRUPT',
    })
  },
)

t.test(
  'checkInFlight refuses a job without the edge that records were on, naming operators',
  async (t) => {
    const [captured] = filesOf(2, 1)
    const { handles, open } = counted([captured!])
    const operator = (operatorId: string, operatorName: string, inFlight?: StateHandle) =>
      ({
        ...{ operatorId, operatorName, parallelism: 1, maxParallelism: 128 },
        subtasks: new Map([[0, inFlight === undefined ? {} : { inFlight }]]),
      }) as OperatorState
    const operators = [operator('map', 'tokenize'), operator('count', 'sum', handles[0])]
    const unreadable: unknown[] = []
    const check = (edges: readonly JobEdge[]) =>
      checkInFlight(operators, { edges } as unknown as JobGraph, {
        ...{ path: 'memory:///chk-1', open },
        onUnreadable: (error) => unreadable.push(error),
      })
    await check([edge])
    await t.rejects(check([{ ...edge, targetInputIndex: 1 } as JobEdge]), {
      code: 'FLINK_RESTORE_REFUSED',
      message: /from operator 'tokenize' to 'sum' \(2000 bytes\).*flink run -n/,
    })
    captured![12]! ^= 1
    await check([])
    t.equal(unreadable.length, 1, 'what cannot be read is the affair of its task')
  },
)

t.test(
  'checkPartlyFinished refuses union state of an operator that has finished in part',
  async (t) => {
    const operator = (kind: 'unionList' | 'splitList', finished: number) => {
      const state = {
        operator: { states: [{ name: 's', kind, elements: 1 }], snapshot: {} as StateHandle },
      }
      const subtasks = [0, 1, 2].map((i) => [i, i < finished ? { finished: true } : state] as const)
      return {
        ...{ operatorId: 'op', operatorName: 'read', parallelism: 3, maxParallelism: 128 },
        subtasks: new Map(subtasks),
      }
    }
    t.throws(() => checkPartlyFinished([operator('unionList', 1)]), PartlyFinishedUnionStateError)
    t.throws(() => checkPartlyFinished([operator('unionList', 2)]), {
      message: /'read' .* 2 of its 3 subtasks/,
    })
    checkPartlyFinished([
      operator('unionList', 0),
      operator('unionList', 3),
      operator('splitList', 1),
    ])
  },
)
