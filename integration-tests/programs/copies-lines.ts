/** Copies the lines of all files that appear in a folder into part files: `copies-lines INPUT OUTPUT`. */
import {
  basePathBucketAssigner,
  FileSink,
  FileSource,
  TextLineInputFormat,
} from '@flink-ts/connector-files'
import { StreamExecutionEnvironment } from '@flink-ts/streaming'

const [input, output] = process.argv.slice(2)

const env = StreamExecutionEnvironment.getExecutionEnvironment()
env
  .fromSource(
    FileSource.forRecordStreamFormat(new TextLineInputFormat(), `${input}/*.txt`)
      .monitorContinuously('100 ms')
      .build(),
    'lines',
  )
  .uid('lines')
  .sinkTo(FileSink.forRowFormat<string>(output!).withBucketAssigner(basePathBucketAssigner).build())
  .uid('copies')
await env.execute('copies lines')
