import type { SinkWriterContext } from '@flink-ts/core'

/** What a bucket assigner knows beside the element; valid during the call only. */
export interface BucketAssignerContext extends SinkWriterContext {
  currentProcessingTimeMs(): number
}

/**
 * The bucket of an element: a folder below the path of the sink, such as `2026-11-21--19` or `eu/orders`; the empty
 * text is that path itself.
 */
export type BucketAssigner<T> = (element: T, context: BucketAssignerContext) => string

/** All elements into the path of the sink itself. */
export const basePathBucketAssigner: BucketAssigner<unknown> = () => ''

/** A bucket for each hour of processing time, in UTC: `yyyy-MM-dd--HH`. */
export const dateTimeBucketAssigner: BucketAssigner<unknown> = (_element, context) => {
  const iso = new Date(context.currentProcessingTimeMs()).toISOString()
  return `${iso.slice(0, 10)}--${iso.slice(11, 13)}`
}
