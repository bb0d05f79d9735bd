import { Types } from '@flink-ts/core'
import { parseJobGraph } from '@flink-ts/runtime'
import type { StreamExecutionEnvironment } from '@flink-ts/streaming'
import * as streaming from '@flink-ts/streaming'
import t from 'tap'
import { edgeTexts, recorded, vertexNames } from '../recorded-program.js'

const lines = (env: StreamExecutionEnvironment) => env.readTextFile('/in').name('lines')

function wordCount(env: StreamExecutionEnvironment): void {
  lines(env)
    .flatMap((line) => line.match(/\w+/g))
    .name('tokenize')
    .map((word) => ({ word, count: 1 }))
    .keyBy((r) => r.word)
    .sum('count')
    .print()
}

t.test('chaining', async (t) => {
  type Case = [
    promise: string,
    program: (env: StreamExecutionEnvironment) => unknown,
    vertices: string[],
    settings?: Record<string, string>,
  ]
  const cases: Case[] = [
    [
      'a word count is two chains',
      wordCount,
      ['Source: lines -> tokenize -> Map', 'Keyed Aggregation -> Sink: Print to Std. Out'],
    ],
    [
      'chaining can be switched off',
      (env) => wordCount(env.disableOperatorChaining()),
      ['Source: lines', 'tokenize', 'Map', 'Keyed Aggregation', 'Sink: Print to Std. Out'],
    ],
    [
      '… or by configuration',
      wordCount,
      ['Source: lines', 'tokenize', 'Map', 'Keyed Aggregation', 'Sink: Print to Std. Out'],
      { 'pipeline.operator-chaining.enabled': 'false' },
    ],
    [
      'startNewChain begins a chain that goes on',
      (env) =>
        lines(env)
          .map((x) => x)
          .startNewChain()
          .filter(() => true)
          .print(),
      ['Source: lines', 'Map -> Filter -> Sink: Print to Std. Out'],
    ],
    [
      'disableChaining isolates on both sides',
      (env) =>
        lines(env)
          .map((x) => x)
          .disableChaining()
          .filter(() => true)
          .print(),
      ['Source: lines', 'Map', 'Filter -> Sink: Print to Std. Out'],
    ],
    [
      'a sink can stand alone',
      (env) =>
        lines(env)
          .map((x) => x)
          .print()
          .disableChaining(),
      ['Source: lines -> Map', 'Sink: Print to Std. Out'],
    ],
    [
      'another parallelism does not chain',
      (env) =>
        lines(env)
          .map((x) => x)
          .setParallelism(2)
          .print(),
      ['Source: lines', 'Map', 'Sink: Print to Std. Out'],
    ],
    [
      'another slot sharing group does not chain',
      (env) =>
        lines(env)
          .map((x) => x)
          .slotSharingGroup('g')
          .print(),
      ['Source: lines', 'Map -> Sink: Print to Std. Out'],
    ],
    [
      'a partitioning other than forward does not chain',
      (env) =>
        lines(env)
          .rebalance()
          .map((x) => x)
          .forward()
          .print(),
      ['Source: lines', 'Map -> Sink: Print to Std. Out'],
    ],
    [
      'a union does not chain',
      (env) =>
        lines(env)
          .union(env.fromElements('a'))
          .map((x) => x)
          .setParallelism(1)
          .print(),
      ['Source: lines', 'Source: Collection Source', 'Map -> Sink: Print to Std. Out'],
    ],
    [
      'a branching chain is named as a tree',
      (env) => {
        const s = lines(env).map((x) => x)
        s.filter(() => true)
          .print('a')
          .name('a')
        s.print('b').name('b')
      },
      ['Source: lines -> Map -> (Filter -> Sink: a, Sink: b)'],
    ],
    [
      'the last partitioning counts',
      (env) =>
        lines(env)
          .rebalance()
          .forward()
          .map((x) => x)
          .print(),
      ['Source: lines -> Map -> Sink: Print to Std. Out'],
    ],
    [
      'other max parallelism chains unless configured',
      (env) =>
        lines(env)
          .map((x) => x)
          .setMaxParallelism(7)
          .print(),
      ['Source: lines -> Map -> Sink: Print to Std. Out'],
    ],
    [
      '… configured',
      (env) =>
        lines(env)
          .map((x) => x)
          .setMaxParallelism(7)
          .print(),
      ['Source: lines', 'Map', 'Sink: Print to Std. Out'],
      { 'pipeline.operator-chaining.chain-operators-with-different-max-parallelism': 'false' },
    ],
  ]
  for (const [promise, program, expected, settings] of cases) {
    t.same(vertexNames(await recorded(program, settings)), expected, promise)
  }
})

t.test('edges', async (t) => {
  const partitioners = async (program: (env: StreamExecutionEnvironment) => unknown) =>
    edgeTexts(await recorded(program)).map((text) => text.replace(/.*=([A-Z]+)=.*/, '$1'))
  const to =
    (
      f: (s: ReturnType<typeof lines>) => {
        map: (m: (x: string) => string) => { print(): unknown }
      },
    ) =>
    (env: StreamExecutionEnvironment) =>
      f(lines(env))
        .map((x) => x)
        .print()
  t.same(await partitioners(to((s) => s.rebalance())), ['REBALANCE'])
  t.same(await partitioners(to((s) => s.rescale())), ['RESCALE'])
  t.same(await partitioners(to((s) => s.shuffle())), ['SHUFFLE'])
  t.same(await partitioners(to((s) => s.broadcast())), ['BROADCAST'])
  t.same(await partitioners(to((s) => s.global())), ['GLOBAL'])
  t.same(await partitioners(to((s) => s.keyBy((x) => x))), ['HASH'])
  t.same(
    await partitioners(
      to((s) =>
        s.partitionCustom(
          (k: number, n) => k % n,
          (x) => x.length,
        ),
      ),
    ),
    ['CUSTOM'],
  )
  t.same(
    await partitioners((env) =>
      lines(env)
        .setParallelism(3)
        .map((x) => x)
        .print(),
    ),
    ['REBALANCE'],
    'unequal parallelism without a partitioning is rebalanced',
  )
  t.same(
    await partitioners((env) =>
      lines(env)
        .map((x) => x)
        .disableChaining()
        .print(),
    ),
    ['FORWARD', 'FORWARD'],
    'equal parallelism without a partitioning is forwarded',
  )
  await t.rejects(
    recorded((env) =>
      lines(env)
        .setParallelism(3)
        .forward()
        .map((x) => x)
        .print(),
    ),
    {
      code: 'FLINK_INVALID_PROGRAM',
      message: /Cannot forward from 'Source: lines' \(parallelism 3\) to 'Map' \(parallelism 1\)/,
    },
  )

  const job = await recorded((env) =>
    lines(env)
      .keyBy((x) => x.length)
      .map((x) => x)
      .partitionCustom(
        (k: string) => k.length,
        (x) => x,
      )
      .print(),
  )
  const [hash, custom] = job.jobGraph.edges.map((edge) => job.code.edges.get(edge.id)!)
  t.equal(hash!.keySelector!('four'), 4, 'code of a HASH edge')
  t.equal(custom!.keySelector!('abc'), 'abc')
  t.equal(custom!.partition!('abc', 4), 3)
  t.throws(() => custom!.partition!('abc', 3), {
    message: /chose channel 3; expected a whole number from 0 to 2/,
  })

  const twice = await recorded((env) => {
    const s = lines(env)
    s.union(s)
      .map((x) => x)
      .print()
  })
  t.equal(
    new Set(twice.jobGraph.edges.map((e) => e.id)).size,
    2,
    'edges between the same two have their own ids',
  )
})

t.test('parallelism and slots', async (t) => {
  const vertexOf = async (program: (env: StreamExecutionEnvironment) => unknown, settings = {}) =>
    (await recorded(program, settings)).jobGraph.vertices.at(-1)!
  t.match(
    await vertexOf((env) => wordCount(env.setParallelism(3)), { 'parallelism.default': '5' }),
    { parallelism: 3, maxParallelism: 128 },
  )
  t.match(
    await vertexOf(wordCount, { 'parallelism.default': '200' }),
    { parallelism: 200, maxParallelism: 512 },
    'derived: 1.5 times, rounded up',
  )
  t.match(await vertexOf((env) => wordCount(env.setMaxParallelism(9))), { maxParallelism: 9 })
  t.match(await vertexOf(wordCount, { 'pipeline.max-parallelism': '11' }), { maxParallelism: 11 })
  for (const [parallelism, maxParallelism] of [
    ['1', 128],
    ['85', 128],
    ['86', 256],
    ['32767', 32768],
    ['32768', 32768],
  ] as const) {
    t.match(
      await vertexOf(wordCount, { 'parallelism.default': parallelism }),
      { parallelism: Number(parallelism), maxParallelism },
      'from 128 to 32768',
    )
  }
  t.match(
    await vertexOf(wordCount, { 'parallelism.default': '5', 'pipeline.max-parallelism': '-1' }),
    { parallelism: 5, maxParallelism: 128 },
    '-1 stands for derived',
  )
  t.match(
    await vertexOf(
      (env) =>
        lines(env)
          .map((x) => x)
          .setParallelism(3)
          .setMaxParallelism(7)
          .print(),
      {
        'parallelism.default': '2',
        'pipeline.max-parallelism': '11',
        'pipeline.operator-chaining.enabled': 'false',
      },
    ),
    { parallelism: 2, maxParallelism: 11 },
    'an operator that says nothing has those of the job',
  )
  const own = await recorded(
    (env) =>
      lines(env)
        .map((x) => x)
        .setParallelism(3)
        .setMaxParallelism(7)
        .print(),
    { 'parallelism.default': '2', 'pipeline.max-parallelism': '11' },
  )
  t.match(
    own.jobGraph.vertices.find(({ name }) => name.startsWith('Map')),
    { parallelism: 3, maxParallelism: 7 },
    'one that says something has its own',
  )
  for (const value of ['32769', '-2', 'many']) {
    await t.rejects(
      vertexOf(wordCount, { 'pipeline.max-parallelism': value }),
      { code: 'FLINK_ILLEGAL_CONFIGURATION', message: /pipeline\.max-parallelism/ },
      value,
    )
  }
  await t.rejects(vertexOf(wordCount, { 'parallelism.default': '0' }), {
    message: /parallelism\.default/,
  })
  await t.rejects(
    vertexOf((env) => wordCount(env.setParallelism(4).setMaxParallelism(2))),
    { message: /parallelism 4: its max parallelism is 2/ },
  )
  await t.rejects(
    recorded((env) => env.setParallelism(0)),
    { message: /Cannot use 0 as the parallelism/ },
  )
  await t.rejects(
    recorded((env) => env.socketTextStream('h', 1).setParallelism(2).print()),
    { message: /'Socket Stream' with parallelism 2: it must be 1 because there is one connection/ },
  )

  const groups = await recorded((env) => {
    const a = lines(env).slotSharingGroup('a')
    a.map((x) => x)
      .name('inherits')
      .disableChaining()
      .union(lines(env))
      .map((x) => x)
      .name('mixed')
      .print()
  })
  t.same(
    Object.fromEntries(
      groups.jobGraph.vertices.map((v) => [v.operators[0]!.name, v.slotSharingGroup]),
    ),
    { 'Source: lines': 'default', inherits: 'a', mixed: 'default' },
    'inputs of one group hand it down, others do not',
  )
})

const MB = 1024 * 1024

t.test('SlotSharingGroup: its resources reach the job graph', async (t) => {
  const { SlotSharingGroup } = streaming
  const large = SlotSharingGroup.newBuilder('large')
    .setCpuCores(1.5)
    .setTaskHeapMemoryMB(100)
    .setTaskOffHeapMemoryMB(1)
    .setManagedMemoryMB(64)
    .setExternalResource('gpu', 1)
    .build()
  const resources = {
    cpuCores: 1.5,
    taskHeapBytes: 100 * MB,
    taskOffHeapBytes: MB,
    managedBytes: 64 * MB,
    extendedResources: { gpu: 1 },
  }
  t.same([large.getName(), large.getCpuCores()], ['large', 1.5])
  const named = await recorded((env) =>
    lines(env)
      .slotSharingGroup(large)
      .print()
      .slotSharingGroup(SlotSharingGroup.newBuilder('plain').build()),
  )
  t.same(named.jobGraph.slotSharingGroups, [{ name: 'large', resources }])
  t.same(
    named.jobGraph.vertices.map(({ slotSharingGroup }) => slotSharingGroup),
    ['large', 'plain'],
  )
  t.same(parseJobGraph(JSON.stringify(named.jobGraph)), named.jobGraph)
  const registered = await recorded((env) => {
    lines(env).slotSharingGroup('large').print()
    const other = SlotSharingGroup.newBuilder('nobody').setCpuCores(1).setTaskHeapMemoryMB(1)
    env.registerSlotSharingGroup(large).registerSlotSharingGroup(other.build())
  })
  t.same(registered.jobGraph.slotSharingGroups, [{ name: 'large', resources }])
  const without = await recorded((env) => lines(env).slotSharingGroup('large').print())
  t.notOk('slotSharingGroups' in without.jobGraph)
})

t.test('SlotSharingGroup.newBuilder refuses what no slot can be', async (t) => {
  const { SlotSharingGroup } = streaming
  const builder = () => SlotSharingGroup.newBuilder('g')
  const refused = (build: () => unknown, message: RegExp) =>
    t.throws(build, { code: 'FLINK_INVALID_PROGRAM', message })
  refused(() => builder().setCpuCores(0), /'g' 0 CPU cores: expected a number above 0/)
  refused(() => builder().setTaskHeapMemoryMB(Number.NaN), /NaN MB of task heap memory/)
  refused(() => builder().setManagedMemoryMB(-1), /-1 MB of managed memory: .* at least 0/)
  refused(() => builder().setExternalResource('gpu', 0), /0 of external resource 'gpu'/)
  refused(() => builder().setCpuCores(1).build(), /setTaskHeapMemoryMB was not called/)
  refused(() => builder().setManagedMemoryMB(1).build(), /setCpuCores was not called/)
  refused(() => SlotSharingGroup.newBuilder(''), /name of a slot sharing group/)
})

t.test('setCoLocationGroupKey: a group of the job graph, in one slot sharing group', async (t) => {
  const job = await recorded((env) =>
    lines(env)
      .setCoLocationGroupKey('k')
      .map((x) => x)
      .keyBy((x) => x)
      .map((x) => x)
      .setCoLocationGroupKey('k')
      .print(),
  )
  t.same(
    job.jobGraph.vertices.map(({ name, coLocationGroup }) => [name, coLocationGroup]),
    [
      ['Source: lines', 'k'],
      ['Map', undefined],
      ['Map', 'k'],
      ['Sink: Print to Std. Out', undefined],
    ],
    'operators of different groups are not chained',
  )
  t.same(parseJobGraph(JSON.stringify(job.jobGraph)), job.jobGraph)
  await t.rejects(
    recorded((env) =>
      lines(env)
        .setCoLocationGroupKey('k')
        .map((x) => x)
        .slotSharingGroup('other')
        .setCoLocationGroupKey('k')
        .print(),
    ),
    { message: /co-locate operators 'Source: lines' and 'Map' \('k'\): .* 'default' and 'other'/ },
  )
})

t.test('operator ids', async (t) => {
  const ids = (job: Awaited<ReturnType<typeof recorded>>) =>
    job.jobGraph.vertices.flatMap((v) => v.operators).map((o) => o.operatorId)
  const first = await recorded(wordCount)
  t.same(
    ids(first),
    [
      '3d0cb243508c594232ba9b1821ede135',
      '3e0285c8260cde9aa7f8db8aa67d5b36',
      '2f74f55d67b0f25545e57dbbeff13050',
      'cce9f4a0936e105926a85dcc57f8620e',
      '82d9932ab537515e8b9af97de3d6c82d',
    ],
    'are pinned: savepoints and traces refer to them',
  )
  t.same(
    ids(await recorded((env) => wordCount(env.setParallelism(4).disableOperatorChaining()))),
    ids(first),
    'do not depend on parallelism and chaining',
  )
  t.same(
    (await recorded((env) => wordCount(env.setParallelism(4)))).structure,
    first.structure,
    'nor does the structure',
  )
  for (const vertex of first.jobGraph.vertices)
    t.equal(vertex.id as string, vertex.operators[0]!.operatorId, 'a vertex has the id of its head')

  const early = await recorded((env) =>
    lines(env)
      .map((x) => x)
      .uid('me')
      .print(),
  )
  const late = await recorded((env) =>
    lines(env)
      .filter(() => true)
      .map((x) => x)
      .uid('me')
      .print(),
  )
  const me = (job: typeof early) =>
    job.jobGraph.vertices.flatMap((v) => v.operators).find((o) => o.uid === 'me')!.operatorId
  t.equal(me(early), me(late), 'of a uid stay when the graph changes')
  t.equal(me(early), '51d64f93351b28d718aa5ae3bdf3f138')

  await t.rejects(
    recorded((env) =>
      lines(env)
        .uid('x')
        .map((x) => x)
        .uid('x')
        .print(),
    ),
    { message: /Two operators have the uid 'x': 'lines' and 'Map'/ },
  )
  await t.rejects(
    recorded(
      (env) =>
        lines(env)
          .uid('x')
          .map((x) => x)
          .print(),
      { 'pipeline.auto-generate-uids': 'false' },
    ),
    { message: /Operator 'Map' has no uid/ },
  )
})

t.test('RecordedJob', async (t) => {
  const job = await recorded(
    (env) => {
      env.configure({ 'restart-strategy.type': 'none', 'pipeline.name': 'by configuration' })
      lines(env)
        .map((x) => x.length)
        .keyBy((n) => n)
        .reduce((a, b) => a + b)
        .writeAsText('out', { mode: 'overwrite' })
      return env.execute()
    },
    { 'execution.buffer-timeout.interval': '5 ms', 'rest.port': '1' },
  )
  const { jobGraph } = job
  t.equal(jobGraph.name, 'by configuration')
  t.equal(jobGraph.jobType, 'STREAMING')
  t.same(
    jobGraph.configuration,
    {
      'execution.buffer-timeout.interval': '5 ms',
      'pipeline.name': 'by configuration',
      'restart-strategy.type': 'none',
    },
    'carries settings of the job, none of the cluster',
  )
  t.strictSame(parseJobGraph(JSON.stringify(jobGraph)), jobGraph, 'is what a JobManager reads')
  const [source, , , sink] = jobGraph.vertices.flatMap((v) => v.operators)
  t.same(source!.coordinator, {
    module: '@flink-ts/streaming',
    exportName: 'createTextFileSource',
    config: { path: '/in' },
  })
  t.equal(source!.boundedness, 'BOUNDED')
  t.same(
    sink!.initializeOnMaster,
    {
      module: '@flink-ts/streaming',
      exportName: 'initializeTextFileSink',
      config: { path: '/cwd/out', mode: 'overwrite' },
    },
    'relative paths are those of the submission',
  )
  t.same(jobGraph.vertices[1]!.operators[1]!.chainedInputs, [
    { operatorId: jobGraph.vertices[1]!.id, inputIndex: 0 },
  ])
  t.same(
    [...job.functions.values()].map((fns) => fns.map(String)),
    [['(x) => x.length'], ['(a, b) => a + b'], ['(n) => n']],
    'holds the functions whose captured values are compared',
  )
  t.equal(job.structure.length, 4 + 3, 'has a line per operator and edge')
  t.match(
    job.structure[0],
    /^source 'Source: lines' [0-9a-f]{32} without uid: readTextFile "\/in" BOUNDED$/,
  )
  t.match(job.structure[4], /^edge 'Map' .* -> 'Keyed Reduce' .* #0: HASH$/)
  t.equal(job.code.operators.size, 4)

  await t.rejects(
    recorded(() => {}),
    { message: 'No operators defined in streaming topology. Cannot execute.' },
  )
  await t.rejects(
    recorded((env) => env.fromElements(1)),
    { message: /No operators/ },
    'a source that nobody reads is nothing',
  )
})

t.test('runtime mode', async (t) => {
  const typeOf = async (mode: 'BATCH' | 'STREAMING' | 'AUTOMATIC', bounded: boolean) =>
    (
      await recorded((env) => {
        env.setRuntimeMode(mode)
        ;(bounded ? env.fromElements('a') : env.socketTextStream('h', 1)).print()
      })
    ).jobGraph.jobType
  t.equal(await typeOf('BATCH', true), 'BATCH')
  t.equal(await typeOf('AUTOMATIC', true), 'BATCH')
  t.equal(await typeOf('AUTOMATIC', false), 'STREAMING')
  t.equal(await typeOf('STREAMING', true), 'STREAMING')
  await t.rejects(typeOf('BATCH', false), {
    message: /Cannot execute in BATCH mode: source 'Socket Stream' never ends/,
  })
  await t.rejects(
    recorded((env) => env.setRuntimeMode('BATHC' as 'BATCH')),
    { code: 'FLINK_ILLEGAL_CONFIGURATION' },
  )

  const exchanges = async (settings: Record<string, string>) =>
    (await recorded(wordCount, settings)).jobGraph.edges.map((e) => e.exchange)
  t.same(await exchanges({}), ['pipelined_bounded'])
  t.same(await exchanges({ 'execution.runtime-mode': 'BATCH' }), ['blocking'])
  t.same(
    await exchanges({
      'execution.runtime-mode': 'BATCH',
      'execution.batch-shuffle-mode': 'ALL_EXCHANGES_PIPELINED',
    }),
    ['pipelined_bounded'],
  )
})

t.test('getExecutionPlan has the form that flink info prints', async (t) => {
  let plan = ''
  await recorded((env) => {
    wordCount(env.setParallelism(2))
    plan = env.getExecutionPlan()
  })
  t.same(JSON.parse(plan), {
    nodes: [
      {
        id: 1,
        type: 'Source: lines',
        pact: 'Data Source',
        contents: 'Source: lines',
        parallelism: 2,
      },
      {
        id: 2,
        type: 'tokenize',
        pact: 'Operator',
        contents: 'tokenize',
        parallelism: 2,
        predecessors: [{ id: 1, ship_strategy: 'FORWARD', side: 'second' }],
      },
      {
        id: 3,
        type: 'Map',
        pact: 'Operator',
        contents: 'Map',
        parallelism: 2,
        predecessors: [{ id: 2, ship_strategy: 'FORWARD', side: 'second' }],
      },
      {
        id: 4,
        type: 'Keyed Aggregation',
        pact: 'Operator',
        contents: 'Keyed Aggregation',
        parallelism: 2,
        predecessors: [{ id: 3, ship_strategy: 'HASH', side: 'second' }],
      },
      {
        id: 5,
        type: 'Sink: Print to Std. Out',
        pact: 'Data Sink',
        contents: 'Sink: Print to Std. Out',
        parallelism: 2,
        predecessors: [{ id: 4, ship_strategy: 'FORWARD', side: 'second' }],
      },
    ],
  })
})

t.test('references to code of this package name what it exports', async (t) => {
  const job = await recorded((env) => {
    const all = env
      .readTextFile('/in')
      .union(
        env.fromElements('a'),
        env.socketTextStream('h', 1),
        env.fromSequence(0, 1).map(String),
      )
    all.writeAsText('/out')
  })
  const references = job.jobGraph.vertices
    .flatMap((vertex) => vertex.operators)
    .flatMap((operator) => [operator.coordinator, operator.initializeOnMaster])
    .filter((reference) => reference !== undefined)

  t.equal(references.length, 5)
  for (const { module, exportName } of references) {
    t.equal(module, '@flink-ts/streaming')
    t.type((streaming as Record<string, unknown>)[exportName], 'function', exportName)
  }
})

t.test('declared types and registered classes', async (t) => {
  class Money {}
  const serializer = { name: 'money', toData: () => 0, fromData: () => new Money() }
  const type = Types.object({
    word: Types.string,
    ['__proto__']: Types.list(Types.optional(Types.enum('a', 1))),
  })
  const { jobGraph, structure, code } = await recorded((env) => {
    env.getConfig().registerTypeWithSerializer(Money, serializer)
    t.throws(() => env.getConfig().registerTypeWithSerializer(Money, serializer), {
      code: 'FLINK_INVALID_PROGRAM',
      message: /'money' already/,
    })
    t.throws(
      () => env.getConfig().registerTypeWithSerializer(Money, { ...serializer, name: 'other' }),
      { message: /class Money has serializer 'money' already/ },
    )
    env
      .fromCollection<{ word: string; ['__proto__']: never }>([])
      .map((r) => r)
      .returns(type as never)
      .keyBy((r) => r.word)
      .max('word')
      .print()
  })
  const typed = jobGraph.edges.filter((edge) => edge.type !== undefined)
  t.same(
    typed.map((edge) => [edge.partitioner, edge.type]),
    [['HASH', type]],
    'the type is on the edge behind the operator that declares it',
  )
  t.match(
    structure[1],
    /: map returns \{word: string, __proto__: list<optional<enum\("a", 1\)>>\}$/,
  )
  t.equal(structure.at(-1), "serializer 'money'")
  t.equal(code.serializers?.forValue(new Money())?.name, 'money')

  const json = JSON.stringify(jobGraph)
  t.same(parseJobGraph(json).edges, JSON.parse(json).edges, 'and survives the way to the cluster')
  for (const bad of ['no such kind', '__proto__', 'toString']) {
    t.throws(() => parseJobGraph(json.replace('"kind":"optional"', `"kind":"${bad}"`)), {
      code: 'FLINK_INVALID_JOB_GRAPH',
      message: new RegExp(`there is no type '${bad}'`),
    })
  }
})
