export { nodeHeapFlags as nodeFlags } from '@flink-ts/core'
