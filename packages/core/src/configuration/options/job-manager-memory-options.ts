import { ConfigOptions } from '../config-options.js'

const MB = 1024 * 1024

/** How the memory of a JobManager is divided. */
export const JobManagerMemoryOptions = {
  TOTAL_PROCESS_MEMORY: ConfigOptions.key('jobmanager.memory.process.size')
    .memorySizeType({ min: 1 })
    .noDefaultValue()
    .withDescription('Memory of the whole JobManager process.'),
  TOTAL_FLINK_MEMORY: ConfigOptions.key('jobmanager.memory.flink.size')
    .memorySizeType({ min: 1 })
    .noDefaultValue()
    .withDescription('Memory of the JobManager without metaspace and overhead.'),
  HEAP_MEMORY: ConfigOptions.key('jobmanager.memory.heap.size')
    .memorySizeType({ min: 1 })
    .noDefaultValue()
    .withDescription('JavaScript heap of the JobManager; otherwise what the other parts leave.'),
  OFF_HEAP_MEMORY: ConfigOptions.key('jobmanager.memory.off-heap.size')
    .memorySizeType()
    .defaultValue(128 * MB)
    .withDescription('Memory of the JobManager outside its heap, mainly buffers.'),
  METASPACE: ConfigOptions.key('jobmanager.memory.jvm-metaspace.size')
    .memorySizeType()
    .defaultValue(256 * MB)
    .withDescription('Memory set aside for compiled code and the engine itself.'),
  OVERHEAD_MIN: ConfigOptions.key('jobmanager.memory.jvm-overhead.min')
    .memorySizeType()
    .defaultValue(192 * MB)
    .withDescription('Least reserve for stacks and allocator losses.'),
  OVERHEAD_MAX: ConfigOptions.key('jobmanager.memory.jvm-overhead.max')
    .memorySizeType()
    .defaultValue(1024 * MB)
    .withDescription('Largest reserve for stacks and allocator losses.'),
  OVERHEAD_FRACTION: ConfigOptions.key('jobmanager.memory.jvm-overhead.fraction')
    .doubleType({ min: 0, max: 0.99 })
    .defaultValue(0.1)
    .withDescription('That reserve as a share of the process memory, within its limits.'),
} as const
