import { Configuration, type Source } from '@flink-ts/core'
import { installProgramContext, type ProgramContext } from '@flink-ts/runtime'
import {
  createTextFileSource,
  type DataStream,
  type FlatMapper,
  ParameterTool,
  type SingleOutputStreamOperator,
  StreamExecutionEnvironment,
} from '@flink-ts/streaming'
import t from 'tap'
import { recorded } from '../recorded-program.js'

t.test('StreamExecutionEnvironment', async (t) => {
  await recorded(
    async (env) => {
      t.equal(env.getParallelism(), 3, 'takes the client’s parallelism')
      t.equal(env.setParallelism(2).getParallelism(), 2, 'which the program’s own wins over')
      env.fromSequence(1, 3).print()
      const result = await env.execute('my job')
      t.equal(result.jobName, 'my job')
      t.equal(result.getNetRuntime(), 7)
      t.equal(result.getAccumulatorResult('n'), 3)
      t.equal(result.getAccumulatorResult('other'), undefined)
      t.same(result.getAllAccumulatorResults(), { n: 3 })
      await t.rejects(env.execute(), { message: /No operators/ }, 'what was executed is gone')
      env.fromElements(1).print()
      const client = await env.executeAsync()
      t.equal(client.getJobID().length, 32)
      t.equal(await client.getJobStatus(), 'FINISHED')
      t.same(await client.getAccumulators(), { n: 3 })
      t.equal((await client.getJobExecutionResult()).getJobID(), client.getJobID())
      await client.cancel()
      t.equal(await client.stopWithSavepoint(false), ' suspend')
      t.equal(await client.stopWithSavepoint(true, '/s'), '/s drain')
      t.equal(await client.cancelWithSavepoint(), ' cancel')
      t.equal(await client.triggerSavepoint('/s'), '/s goes on')
      for (const create of [
        () => StreamExecutionEnvironment.createRemoteEnvironment('host', 8081),
        () => StreamExecutionEnvironment.createLocalEnvironment(2),
      ]) {
        t.throws(create, { message: /Environment cannot be used when a program is run by/ })
      }
      t.equal(await env.fromSubmission('x', () => 5), 5)
      env.fromElements(1).print()
      t.equal(
        env
          .setBufferTimeout(-1)
          .getStreamGraph()
          .configuration.getString('execution.buffer-timeout.enabled'),
        'false',
      )
      t.throws(() => env.setBufferTimeout(-2), { message: /Cannot use -2 as the buffer timeout/ })
      const { coordinatorReference, ...own } = createTextFileSource({ path: '/in' })
      t.equal(coordinatorReference?.module, '@flink-ts/streaming')
      t.throws(
        () => env.fromSource(own as typeof own & Source<string>, 'mine'),
        { code: 'FLINK_INVALID_PROGRAM', message: /source 'mine'.*coordinatorReference/ },
        'nobody would run its enumerator',
      )
      t.throws(() => env.readTextFile(''), { message: /Cannot use "" as the path of a file/ })
    },
    { 'parallelism.default': '3' },
  )

  let submitted = 0
  const tracing: ProgramContext = {
    mode: 'tracing',
    configuration: new Configuration(),
    execute: () => {
      submitted++
      return new Promise(() => {})
    },
    fromSubmission: (_name, _fn) => Promise.resolve('/somewhere' as never),
  }
  const uninstall = installProgramContext(tracing)
  const env = StreamExecutionEnvironment.createRemoteEnvironment('host', 1, {
    'pipeline.name': 'given',
  })
  uninstall()
  env.fromElements(1).print()
  t.equal(env.getStreamGraph().jobName, 'given')
  void env.execute()
  await new Promise(setImmediate)
  t.equal(
    submitted,
    1,
    'keeps the context it was made in, and never returns from the execute() of a trace',
  )
})

t.test('ParameterTool', async (t) => {
  const params = ParameterTool.fromArgs([
    '--input',
    'a b',
    '--n',
    '-5',
    '-x',
    '--e=f=g',
    '--flag',
    '--ratio',
    '1.5',
  ])
  t.same(params.toMap(), { input: 'a b', n: '-5', e: 'f=g', ratio: '1.5' })
  t.equal(params.getRequired('input'), 'a b')
  t.equal(params.getInt('n'), -5)
  t.equal(params.getInt('m', 7), 7)
  t.equal(params.getNumber('ratio'), 1.5)
  t.ok(params.has('x'))
  t.equal(params.getBoolean('flag'), true)
  t.equal(params.getBoolean('other'), false)
  t.equal(params.get('other', 'default'), 'default')
  t.throws(() => params.getRequired('output'), {
    code: 'FLINK_PARAMETER',
    message: 'Missing required parameter --output',
  })
  t.throws(() => params.getRequired('flag'), { message: /--flag has no value/ })
  t.throws(() => params.getInt('ratio'), {
    message: "Cannot use '1.5' as the value of --ratio: expected a whole number",
  })
  t.throws(() => params.getBoolean('ratio'), { message: /expected true or false/ })
  t.throws(() => ParameterTool.fromArgs(['stray']), { message: /Cannot read argument 'stray'/ })
  t.same(ParameterTool.fromMap({ a: '1' }).getInt('a'), 1)
})

/** Never called: what must compile and what must not. */
export function types(s: DataStream<{ word: string; n: number; at?: Date }>): void {
  const lengths: SingleOutputStreamOperator<number> = s.map((r) => r.word.length)
  const words: DataStream<string> = s.flatMap((r) => r.word.match(/\w+/g))
  const emitted: DataStream<string> = s.flatMap<string>((r, out) => out.collect(r.word))
  const block: FlatMapper<{ n: number }, number> = (r, out) => {
    out.collect(r.n)
  }
  const blocks: DataStream<number> = s.flatMap(block)
  const rich: DataStream<number> = s.map({ open() {}, map: (r: { n: number }) => r.n })
  const summed: DataStream<{ word: string; n: number; at?: Date }> = s.keyBy((r) => r.word).sum('n')
  s.keyBy((r) => [r.word, r.n] as const).process<string>((r, ctx, out) =>
    out.collect(r.word + ctx.getCurrentKey()[1].toFixed()),
  )
  s.map((r): [string, number] => [r.word, r.n])
    .keyBy((r) => r[0])
    .max(1)
  s.partitionCustom(
    (key: string, n) => key.length % n,
    (r) => r.word,
  )
  void [lengths, words, emitted, blocks, rich, summed]

  // @ts-expect-error a map function does not answer a Promise
  s.map(async (r) => r.word)
  // @ts-expect-error nor does the method of a function object
  s.map({ map: async (r: { n: number }) => r.n })
  // @ts-expect-error nor does a filter
  s.filter(async (r) => r.n > 0)
  // @ts-expect-error a filter answers true or false
  s.filter((r) => r.n)
  // @ts-expect-error nor does a flatMap function
  s.flatMap(async (r) => [r.word])
  // @ts-expect-error nor does one with a collector
  s.flatMap<string>(async (r, out) => out.collect(r.word))
  // @ts-expect-error a string is iterable, but not meant to be
  s.flatMap((r) => r.word)
  // @ts-expect-error a function is no key
  s.keyBy((r) => () => r.word)
  // @ts-expect-error a Promise is no key
  s.keyBy(async (r) => r.word)
  // @ts-expect-error undefined is no key
  s.keyBy((r) => r.at)
  // @ts-expect-error a text has no sum
  s.keyBy((r) => r.word).sum('word')
  const tuples = s.map((r): [string, number] => [r.word, r.n]).keyBy((r) => r[0])
  // @ts-expect-error nor has a text of a tuple
  tuples.sum(0)
  // @ts-expect-error reduce stays with the type of the stream
  s.keyBy((r) => r.word).reduce((a, b) => a.n + b.n)
  // @ts-expect-error streams of different types have no union
  s.union(lengths)
  // @ts-expect-error process functions are synchronous
  s.process<string>(async (r, _ctx, out) => out.collect(r.word))
}

t.test(
  'StreamExecutionEnvironment.enableCheckpointing: keys that travel with the job',
  async (t) => {
    const job = await recorded(async (env) => {
      const config = env.enableCheckpointing(1_000, 'AT_LEAST_ONCE').getCheckpointConfig()
      t.equal(config.isCheckpointingEnabled(), true)
      t.equal(config.getCheckpointInterval(), 1_000)
      t.equal(config.getCheckpointingMode(), 'AT_LEAST_ONCE')
      config
        .setMinPauseBetweenCheckpoints(500)
        .setCheckpointTimeout(60_000)
        .setTolerableCheckpointFailureNumber(2)
        .setMaxConcurrentCheckpoints(1)
        .setExternalizedCheckpointRetention('RETAIN_ON_CANCELLATION')
        .enableUnalignedCheckpoints()
        .setAlignedCheckpointTimeout(100)
      t.throws(() => env.enableCheckpointing(5), {
        message: /Cannot use 5 as a checkpoint interval/,
      })
      t.throws(() => config.setMaxConcurrentCheckpoints(0), { code: 'FLINK_INVALID_PROGRAM' })
      t.throws(() => config.setCheckpointingMode('ONCE' as never), {
        message: /execution.checkpointing.mode/,
      })
      config.setCheckpointingMode('EXACTLY_ONCE')
      env.fromSequence(1, 3).print()
      await env.execute()
    })
    const checkpointing = Object.entries(job.jobGraph.configuration)
      .filter(([key]) => key.startsWith('execution.checkpointing.'))
      .map(([key, value]) => `${key.slice('execution.checkpointing.'.length)}=${value}`)
    t.strictSame(checkpointing.sort(), [
      'aligned-checkpoint-timeout=100 ms',
      'externalized-checkpoint-retention=RETAIN_ON_CANCELLATION',
      'interval=1 s',
      'max-concurrent-checkpoints=1',
      'min-pause=500 ms',
      'mode=EXACTLY_ONCE',
      'timeout=1 min',
      'tolerable-failed-checkpoints=2',
      'unaligned.enabled=true',
    ])
  },
)
