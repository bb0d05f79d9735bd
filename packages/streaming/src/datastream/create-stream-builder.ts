import { KeyedStream } from './keyed-stream.js'
import { SingleOutputStreamOperator } from './single-output-stream-operator.js'
import type { StreamBuilder } from './stream-builder.js'

/** Knows the kinds of streams, which do not know each other. @param environment what they need of theirs */
export function createStreamBuilder(
  environment: Pick<StreamBuilder, 'nextId' | 'addOperator' | 'slotSharingGroup'>,
): StreamBuilder {
  const builder: StreamBuilder = {
    ...environment,
    operatorStream: (transformation) => new SingleOutputStreamOperator(builder, transformation),
    keyedStream: (input, partitioning) => new KeyedStream(builder, input, partitioning),
  }
  return builder
}
