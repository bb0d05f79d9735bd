export { hostAndPort, isLoopback, numericLoopback } from '@flink-ts/core'
