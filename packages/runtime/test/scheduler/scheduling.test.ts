import { noopLogger, SeededRandom } from '@flink-ts/core'
import { ManualClock } from '@flink-ts/core/testing'
import type { JobGraph } from '@flink-ts/runtime'
import fc from 'fast-check'
import t from 'tap'
import { ExecutionGraph } from '../../dist/executiongraph/execution-graph.js'
import {
  RestartAllFailoverStrategy,
  RestartPipelinedRegionFailoverStrategy,
} from '../../dist/scheduler/failover-strategy.js'
import { PipelinedRegions } from '../../dist/scheduler/pipelined-regions.js'
import {
  type SchedulingTopology,
  schedulingTopologyOf,
} from '../../dist/scheduler/scheduling-topology.js'
import { assignSlotSharingGroups } from '../../dist/scheduler/slot-sharing.js'
import { expandInputGate, producerGroup } from '../../dist/taskmanager/producer-group.js'
import { edge, hex, jobGraph, vertex } from '../testing/job-graphs.js'

function graphOf(graph: JobGraph): ExecutionGraph {
  return new ExecutionGraph({
    jobGraph: graph,
    clock: new ManualClock(),
    random: new SeededRandom(1),
    log: noopLogger,
    attemptsHistorySize: 2,
    restartStrategy: '',
  })
}

const topologies: fc.Arbitrary<SchedulingTopology> = fc
  .integer({ min: 2, max: 10 })
  .chain((numberOfTasks) =>
    fc.record({
      numberOfTasks: fc.constant(numberOfTasks),
      connections: fc.array(
        fc
          .record({
            split: fc.integer({ min: 0, max: numberOfTasks - 2 }),
            producers: fc.uniqueArray(fc.integer({ min: 0, max: numberOfTasks - 1 }), {
              minLength: 1,
              maxLength: 3,
            }),
            consumers: fc.uniqueArray(fc.integer({ min: 0, max: numberOfTasks - 1 }), {
              minLength: 1,
              maxLength: 3,
            }),
            pipelined: fc.boolean(),
          })
          .map(({ split, producers, consumers, pipelined }) => ({
            producers: producers.filter((task) => task <= split),
            consumers: consumers.filter((task) => task > split),
            pipelined,
            dataSetId: 'd',
          }))
          .filter(({ producers, consumers }) => producers.length > 0 && consumers.length > 0),
        { maxLength: 8 },
      ),
    }),
  )

/** Same region: each can be reached from the other, pipelined edges both ways, blocking ones forward. */
function naiveRegions({ numberOfTasks, connections }: SchedulingTopology): number[][] {
  const reach = Array.from({ length: numberOfTasks }, (_, i) =>
    Array.from({ length: numberOfTasks }, (_, j) => i === j),
  )
  for (const { producers, consumers, pipelined } of connections) {
    for (const p of producers) {
      for (const c of consumers) {
        reach[p]![c] = true
        if (pipelined) reach[c]![p] = true
      }
    }
    // All ends of one pipelined connection are connected through each other anyway.
  }
  for (let k = 0; k < numberOfTasks; k++) {
    for (let i = 0; i < numberOfTasks; i++) {
      for (let j = 0; j < numberOfTasks; j++) {
        if (reach[i]![k] && reach[k]![j]) reach[i]![j] = true
      }
    }
  }
  const regions: number[][] = []
  const seen = new Set<number>()
  for (let i = 0; i < numberOfTasks; i++) {
    if (seen.has(i)) continue
    const region = Array.from({ length: numberOfTasks }, (_, j) => j).filter(
      (j) => reach[i]![j] && reach[j]![i],
    )
    for (const j of region) seen.add(j)
    regions.push(region)
  }
  return regions
}

function producers(count: number) {
  const location = { resourceId: 'tm', host: 'h', dataPort: 1 }
  return Array.from({ length: count }, () => ({ attemptNumber: 0, location }))
}

t.test('PipelinedRegions equal the naive model', async (t) => {
  fc.assert(
    fc.property(topologies, (topology) => {
      const regions = new PipelinedRegions(topology)
      const found = JSON.stringify(regions.regions.map(({ tasks }) => tasks))
      const expected = JSON.stringify(naiveRegions(topology))
      if (found !== expected) throw new Error(`${found} is not ${expected}`)
    }),
    { numRuns: 500 },
  )
  t.pass()
})

t.test('RestartPipelinedRegionFailoverStrategy equals the naive fixpoint', async (t) => {
  fc.assert(
    fc.property(topologies, fc.nat(), fc.nat(), (topology, failedSeed, lostSeed) => {
      const regions = new PipelinedRegions(topology)
      const failed = failedSeed % topology.numberOfTasks
      const available = (task: number) => ((lostSeed >> (task % 16)) & 1) === 0
      const strategy = new RestartPipelinedRegionFailoverStrategy(regions, available)

      const model = naiveRegions(topology)
      const regionOf = (task: number) => model.find((region) => region.includes(task))!
      const restart = new Set(regionOf(failed))
      for (let size = 0; size !== restart.size; ) {
        size = restart.size
        for (const { producers, consumers, pipelined } of topology.connections) {
          if (pipelined) continue
          for (const p of producers) {
            for (const c of consumers) {
              if (regionOf(p) === regionOf(c)) continue
              if (restart.has(p)) for (const task of regionOf(c)) restart.add(task)
              // A consumer needs what any producer of the connection made.
              if (restart.has(c) && !available(p)) for (const task of regionOf(p)) restart.add(task)
            }
          }
        }
      }
      const expected = JSON.stringify([...restart].sort((a, b) => a - b))
      const found = JSON.stringify(strategy.tasksToRestart(failed))
      if (found !== expected) throw new Error(`${found} is not ${expected}`)
    }),
    { numRuns: 500 },
  )
  t.strictSame(new RestartAllFailoverStrategy(3).tasksToRestart(), [0, 1, 2])
})

t.test('PipelinedRegions of a streaming job are one per connected part', async (t) => {
  const graph = graphOf(jobGraph([vertex(1, 2), vertex(2, 2)], [edge(1, 2, 'FORWARD')]))
  const regions = new PipelinedRegions(schedulingTopologyOf(graph))
  t.strictSame(
    regions.regions.map(({ tasks }) => tasks),
    [
      [0, 2],
      [1, 3],
    ],
  )
})

t.test('assignSlotSharingGroups puts FORWARD neighbours together', async (t) => {
  const graph = graphOf(
    jobGraph(
      [vertex(1, 2), vertex(2, 2), vertex(3, 4), vertex(4, 1, { slotSharingGroup: 'own' })],
      [edge(1, 2, 'FORWARD'), edge(2, 3), edge(3, 4)],
    ),
  )
  t.strictSame(
    assignSlotSharingGroups(graph).map(({ tasks }) => tasks),
    [[0, 2, 4], [1, 3, 5], [6], [7], [8]],
  )
})

t.test('assignSlotSharingGroups needs the sum of the greatest parallelisms', async (t) => {
  const shape = fc.array(fc.tuple(fc.integer({ min: 1, max: 6 }), fc.constantFrom('a', 'b')), {
    minLength: 1,
    maxLength: 6,
  })
  fc.assert(
    fc.property(shape, (vertices) => {
      const jobVertices = vertices.map(([parallelism, slotSharingGroup], i) =>
        vertex(i + 1, parallelism, { slotSharingGroup }),
      )
      const edges = vertices
        .slice(1)
        .map(([parallelism], i) =>
          edge(i + 1, i + 2, parallelism === vertices[i]![0] ? 'FORWARD' : 'RESCALE'),
        )
      const groups = assignSlotSharingGroups(graphOf(jobGraph(jobVertices, edges)))
      const needed = ['a', 'b'].reduce(
        (sum, name) =>
          sum + Math.max(0, ...vertices.filter(([, group]) => group === name).map(([p]) => p)),
        0,
      )
      if (groups.length !== needed) throw new Error(`${groups.length} instead of ${needed}`)
    }),
  )
  t.pass()
})

t.test('assignSlotSharingGroups keeps co-located subtasks together', async (t) => {
  const graph = graphOf(
    jobGraph([
      vertex(1, 2, { coLocationGroup: 'c' }),
      vertex(2, 1),
      vertex(3, 2, { coLocationGroup: 'c' }),
    ]),
  )
  const groups = assignSlotSharingGroups(graph).map(({ tasks }) => tasks)
  t.strictSame(groups, [
    [0, 2, 3],
    [1, 4],
  ])
})

t.test('assignSlotSharingGroups: co-location comes before inputs that are near', async (t) => {
  const job = (coLocationGroup?: string) => {
    const rest = coLocationGroup === undefined ? {} : { coLocationGroup }
    return jobGraph(
      [vertex(1, 2), vertex(2, 3, rest), vertex(3, 3, rest)],
      [edge(1, 2, 'HASH'), edge(1, 3, 'RESCALE')],
    )
  }
  /** The group of each subtask of a vertex. */
  const placesOf = (graph: ReturnType<typeof graphOf>, n: number) => {
    const groups = assignSlotSharingGroups(graph)
    return graph.jobVertices[n]!.subtasks.map(({ index }) =>
      groups.findIndex(({ tasks }) => tasks.includes(index)),
    )
  }
  const free = graphOf(job())
  t.notSame(placesOf(free, 1), placesOf(free, 2), 'else this test says nothing')
  const together = graphOf(job('c'))
  t.strictSame(placesOf(together, 1), placesOf(together, 2))
})

t.test('assignSlotSharingGroups can put equally many tasks into all slots', async (t) => {
  const graph = graphOf(
    jobGraph(
      [
        vertex(1, 1),
        vertex(2, 4),
        vertex(3, 2),
        vertex(4, 1),
        vertex(5, 1, { slotSharingGroup: 'g' }),
      ],
      [edge(1, 2), edge(2, 3), edge(3, 4)],
    ),
  )
  const counts = (balance: boolean) =>
    assignSlotSharingGroups(graph, balance).map(({ tasks }) => tasks.length)
  t.strictSame(counts(false), [4, 2, 1, 1, 1])
  t.strictSame(counts(true), [2, 2, 2, 2, 1])
})

t.test('expandInputGate gives back every producer of a producerGroup', async (t) => {
  const place = fc.record({ attemptNumber: fc.nat(3), host: fc.constantFrom('a', 'b', 'c') })
  fc.assert(
    fc.property(fc.array(place, { minLength: 1, maxLength: 30 }), (places) => {
      const producers = places.map(({ attemptNumber, host }) => ({
        attemptNumber,
        location: { resourceId: `tm-${host}`, host, dataPort: 1 },
      }))
      const ids = { dataSetId: hex(7), executionGraphId: hex(8), vertexId: hex(9) }
      const group = JSON.parse(JSON.stringify(producerGroup(ids as never, producers)))
      const gate = { gateId: 'g', consumedSubpartitions: { first: 0, last: 0 }, group }
      const found = JSON.stringify(expandInputGate(gate).producers)
      const expected = JSON.stringify(
        producers.map(({ attemptNumber, location }, subtask) => ({
          partitionId: `${hex(7)}#${subtask}@${hex(8)}_${hex(9)}_${subtask}_${attemptNumber}`,
          location,
        })),
      )
      if (found !== expected) throw new Error(`${found} is not ${expected}`)
    }),
  )
  const same = producers(1000)
  t.ok(JSON.stringify(producerGroup({} as never, same)).length < 200, 'runs are short')
})
