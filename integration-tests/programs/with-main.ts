/** A program of functions: `with-main OUTPUT`. */
import { StreamExecutionEnvironment } from '@flink-ts/streaming'

async function write(name: string, args: readonly string[]): Promise<void> {
  const env = StreamExecutionEnvironment.getExecutionEnvironment()
  const count = args.length
  env
    .fromElements(name)
    .map((n: string): string => `${n} with ${count} arguments`)
    .writeAsText(args[0]!)
  await env.execute(name)
}

export async function main(args: readonly string[]): Promise<void> {
  await write('main', args)
}

export async function another(args: readonly string[]): Promise<void> {
  await write('another', args)
}
