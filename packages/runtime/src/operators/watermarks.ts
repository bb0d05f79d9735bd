/** The watermark after which nothing comes: sent when a bounded input has ended. Flink's `Long.MAX_VALUE`. */
export const MAX_WATERMARK = Number.MAX_SAFE_INTEGER

/** What an input's watermark is before its first one. */
export const NO_WATERMARK = Number.MIN_SAFE_INTEGER
