/**
 * The job of the fault run: `job --count N --keys K --rate R --output DIR --control DIR`. Elements from a generator,
 * counted by key with state and timers, into files exactly once.
 */
import {
  DataGeneratorSource,
  ParameterTool,
  StreamExecutionEnvironment,
  WatermarkStrategy,
} from '@flink-ts/streaming'
import { keyOf } from '../../src/faults/expected-rows.js'
import { Counting, SlowConsumer } from './counting.js'
import { FaultySink } from './faulty-sink.js'
import { tricklingOnDemand } from './trickling.js'

const parameters = ParameterTool.fromArgs(process.argv.slice(2))
const size = { count: parameters.getInt('count'), keys: parameters.getInt('keys') }
const control = parameters.getRequired('control')

const env = StreamExecutionEnvironment.getExecutionEnvironment()
env.setMaxParallelism(128)
env
  .fromSource(
    new DataGeneratorSource(
      (element) => element,
      size.count,
      tricklingOnDemand(parameters.getInt('rate'), control),
    ),
    WatermarkStrategy.forMonotonousTimestamps<number>().withTimestampAssigner((element) => element),
    'elements',
  )
  .uid('elements')
  .keyBy((element) => keyOf(element, size))
  .process(new Counting(control))
  .uid('counting')
  .name('counting')
  .rebalance()
  .map(new SlowConsumer(control))
  .uid('slow')
  .sinkTo(new FaultySink(parameters.getRequired('output'), control))
  .uid('rows')
  .name('rows')
await env.execute('fault run')
