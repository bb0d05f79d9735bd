import assert from 'node:assert/strict'
import { basePathBucketAssigner, FileSink } from '@flink-ts/connector-files'
import type { Random } from '@flink-ts/core'
import { DataGeneratorSource, RateLimiterStrategy } from '@flink-ts/streaming'
import type { SimulatedProgram } from '../simulation/cluster/record-program.js'
import type { SimulatedCluster } from '../simulation/cluster/simulated-cluster.js'

const KEYS = 7

/** A job that counts numbers by key and writes each count that a key reaches: exactly once, whatever happens. */
export interface CountingJob {
  /** @param output of this run; a job that goes on from a savepoint has another */
  program(options: { readonly parallelism: number; readonly output: string }): SimulatedProgram
  /** @throws AssertionError unless all outputs together have each count once and nothing else */
  check(cluster: SimulatedCluster, outputs: readonly string[]): Promise<void>
}

/** Folder of the checkpoints of all jobs. */
export const CHECKPOINT_FOLDER = '/checkpoints'

/** How checkpoints are taken: as the seed says. */
export function checkpointKeys(random: Random): Readonly<Record<string, string>> {
  return {
    'execution.checkpointing.interval': `${200 + random.nextInt(4_000)} ms`,
    'execution.checkpointing.min-pause': `${random.next() < 0.5 ? 0 : random.nextInt(500)} ms`,
    'execution.checkpointing.max-concurrent-checkpoints': `${1 + random.nextInt(3)}`,
    'execution.checkpointing.num-retained': `${1 + random.nextInt(3)}`,
    'execution.checkpointing.timeout': '20 s',
    'execution.checkpointing.tolerable-failed-checkpoints': '1000000',
    'execution.checkpointing.dir': CHECKPOINT_FOLDER,
    'execution.checkpointing.unaligned.enabled': `${random.next() < 0.5}`,
    'execution.checkpointing.aligned-checkpoint-timeout': `${random.nextInt(2) * random.nextInt(300)} ms`,
    'execution.checkpointing.data-inline-threshold': random.next() < 0.5 ? '0' : '1 kb',
  }
}

export function countingJob(
  random: Random,
  options: {
    readonly numbers: number
    /** The output is visible as a whole at the end, not checkpoint by checkpoint. Default: by chance. */
    readonly commitsAtEnd?: boolean
  },
): CountingJob {
  const { numbers } = options
  const perSecond = 20 + random.nextInt(200)
  // One is visible checkpoint by checkpoint, the other as a whole at the end.
  const commitsAtEnd = options.commitsAtEnd ?? random.next() < 0.3
  return {
    program:
      ({ parallelism, output }) =>
      (env) => {
        env.setParallelism(parallelism)
        const lines = env
          .fromSource(
            new DataGeneratorSource((n) => n, numbers, RateLimiterStrategy.perSecond(perSecond)),
            'numbers',
          )
          .map((n) => ({ key: n % KEYS, count: 1 }))
          .keyBy((r) => r.key)
          .reduce((a, b) => ({ key: a.key, count: a.count + b.count }))
          .map(({ key, count }) => `${key}\t${count}`)
        if (commitsAtEnd) lines.writeAsText(output)
        else lines.sinkTo(fileSink(output))
        return env.execute('counting')
      },
    async check(cluster, outputs) {
      const lines = await Promise.all(outputs.map((output) => cluster.readLines(output)))
      assert.deepEqual(lines.flat().sort(), expectedLines(numbers), 'each count is there, once')
    },
  }
}

function fileSink(output: string): FileSink<string> {
  return FileSink.forRowFormat<string>(output).withBucketAssigner(basePathBucketAssigner).build()
}

function expectedLines(numbers: number): string[] {
  const counts = new Array<number>(KEYS).fill(0)
  const lines: string[] = []
  for (let n = 0; n < numbers; n++) {
    const key = n % KEYS
    counts[key]!++
    lines.push(`${key}\t${counts[key]}`)
  }
  return lines.sort()
}
