/** Default of `pekko.ask.timeout`. */
export const DEFAULT_CALL_TIMEOUT_MS = 10_000

/** Default of `pekko.framesize`, which bounds the encoded size of each request and response. */
export const DEFAULT_MAX_MESSAGE_BYTES = 10_485_760
