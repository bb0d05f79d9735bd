import { ConfigOptions } from '../config-options.js'
import { INFINITE_BYTES } from '../memory-size.js'

const MB = 1024 * 1024

/** How the memory of a TaskManager is divided. */
export const TaskManagerMemoryOptions = {
  TOTAL_PROCESS_MEMORY: ConfigOptions.key('taskmanager.memory.process.size')
    .memorySizeType({ min: 1 })
    .noDefaultValue()
    .withDescription('Memory of the whole TaskManager process, the one number to set.'),
  TOTAL_FLINK_MEMORY: ConfigOptions.key('taskmanager.memory.flink.size')
    .memorySizeType({ min: 1 })
    .noDefaultValue()
    .withDescription('Memory of the TaskManager without metaspace and overhead.'),
  FRAMEWORK_HEAP_MEMORY: ConfigOptions.key('taskmanager.memory.framework.heap.size')
    .memorySizeType()
    .defaultValue(128 * MB)
    .withDescription("Heap of the TaskManager's main thread."),
  FRAMEWORK_OFF_HEAP_MEMORY: ConfigOptions.key('taskmanager.memory.framework.off-heap.size')
    .memorySizeType()
    .defaultValue(128 * MB)
    .withDescription('Memory of the TaskManager itself outside its heap.'),
  TASK_HEAP_MEMORY: ConfigOptions.key('taskmanager.memory.task.heap.size')
    .memorySizeType({ min: 1 })
    .noDefaultValue()
    .withDescription('Heap of all tasks together; otherwise what the other parts leave.'),
  TASK_OFF_HEAP_MEMORY: ConfigOptions.key('taskmanager.memory.task.off-heap.size')
    .memorySizeType()
    .defaultValue(0)
    .withDescription('Memory for what user code allocates outside the heap.'),
  MANAGED_MEMORY_SIZE: ConfigOptions.key('taskmanager.memory.managed.size')
    .memorySizeType()
    .noDefaultValue()
    .withDescription(
      'Managed memory (state backends, sorting) of all slots; wins over the fraction.',
    ),
  MANAGED_MEMORY_FRACTION: ConfigOptions.key('taskmanager.memory.managed.fraction')
    .doubleType({ min: 0, max: 0.99 })
    .defaultValue(0.4)
    .withDescription('Managed memory as a share of `taskmanager.memory.flink.size`.'),
  MANAGED_MEMORY_CONSUMER_WEIGHTS: ConfigOptions.key('taskmanager.memory.managed.consumer-weights')
    .mapType()
    .defaultValue(
      new Map([
        ['OPERATOR', '70'],
        ['STATE_BACKEND', '70'],
        ['PYTHON', '30'],
      ]),
    )
    .withDescription(
      "Weights by which the kinds of use that a job has divide a slot's managed memory; nothing uses `PYTHON` here.",
    ),
  NETWORK_MEMORY_MIN: ConfigOptions.key('taskmanager.memory.network.min')
    .memorySizeType()
    .defaultValue(64 * MB)
    .withDescription('Least memory for network buffers.'),
  NETWORK_MEMORY_MAX: ConfigOptions.key('taskmanager.memory.network.max')
    .memorySizeType()
    .defaultValue(INFINITE_BYTES)
    .withDescription('Largest memory for network buffers.'),
  NETWORK_MEMORY_FRACTION: ConfigOptions.key('taskmanager.memory.network.fraction')
    .doubleType({ min: 0, max: 0.99 })
    .defaultValue(0.1)
    .withDescription(
      'Network buffers as a share of `taskmanager.memory.flink.size`, within their limits.',
    ),
  METASPACE: ConfigOptions.key('taskmanager.memory.jvm-metaspace.size')
    .memorySizeType()
    .defaultValue(256 * MB)
    .withDescription('Memory set aside for compiled code and the engine itself.'),
  OVERHEAD_MIN: ConfigOptions.key('taskmanager.memory.jvm-overhead.min')
    .memorySizeType()
    .defaultValue(192 * MB)
    .withDescription('Least reserve for stacks and allocator losses.'),
  OVERHEAD_MAX: ConfigOptions.key('taskmanager.memory.jvm-overhead.max')
    .memorySizeType()
    .defaultValue(1024 * MB)
    .withDescription('Largest reserve for stacks and allocator losses.'),
  OVERHEAD_FRACTION: ConfigOptions.key('taskmanager.memory.jvm-overhead.fraction')
    .doubleType({ min: 0, max: 0.99 })
    .defaultValue(0.1)
    .withDescription('That reserve as a share of the process memory, within its limits.'),
  SEGMENT_SIZE: ConfigOptions.key('taskmanager.memory.segment-size')
    .memorySizeType({ min: 4096, max: 1024 * MB })
    .defaultValue(32 * 1024)
    .withDescription('Size of one network buffer.'),
} as const
