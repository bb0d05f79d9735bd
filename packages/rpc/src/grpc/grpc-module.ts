import type * as grpc from '@grpc/grpc-js'

/** The library as a value: it is imported when the first service starts, not with this package. */
export type GrpcModule = typeof grpc
