import type { ResourceProfile, TaskManagerInfo } from '@flink-ts/runtime'
import type {
  ResourceProfileBody,
  TaskManagerBody,
  TaskManagerDetailsBody,
  TaskManagersBody,
} from '../messages/messages.js'
import type { Route } from '../server/handler.js'
import { RestHandlerError } from '../server/rest-handler-error.js'

const toMegabytes = (bytes: number) => Math.floor(bytes / (1024 * 1024))

const NO_RESOURCES: ResourceProfile = {
  cpuCores: 0,
  taskHeapBytes: 0,
  taskOffHeapBytes: 0,
  managedBytes: 0,
  networkBytes: 0,
  extendedResources: {},
}

function profileBody(profile: ResourceProfile | undefined): ResourceProfileBody {
  const known = profile ?? NO_RESOURCES
  return {
    cpuCores: known.cpuCores,
    taskHeapMemory: toMegabytes(known.taskHeapBytes),
    taskOffHeapMemory: toMegabytes(known.taskOffHeapBytes),
    managedMemory: toMegabytes(known.managedBytes),
    networkMemory: toMegabytes(known.networkBytes),
    extendedResources: known.extendedResources,
  }
}

function taskManagerBody(info: TaskManagerInfo): TaskManagerBody {
  const memory = info.memory
  return {
    id: info.resourceId,
    path: `${info.taskExecutor?.address ?? ''}/${info.taskExecutor?.endpointId ?? ''}`,
    dataPort: info.location?.dataPort ?? -1,
    jmxPort: -1,
    // Flink's field of this name holds the time of the last heartbeat, not the time since.
    timeSinceLastHeartbeat: info.lastHeartbeatMs,
    slotsNumber: info.numberOfSlots,
    freeSlots: info.numberOfFreeSlots,
    assignedTasks: info.assignedTasks,
    totalResource: profileBody(info.totalProfile),
    freeResource: profileBody(info.freeProfile),
    hardware: {
      cpuCores: info.hardware?.cpuCores ?? 0,
      physicalMemory: info.hardware?.physicalMemoryBytes ?? 0,
      freeMemory: info.hardware?.freeMemoryBytes ?? 0,
      managedMemory: info.hardware?.managedMemoryBytes ?? 0,
    },
    memoryConfiguration: {
      frameworkHeap: memory?.frameworkHeap ?? 0,
      taskHeap: memory?.taskHeap ?? 0,
      frameworkOffHeap: memory?.frameworkOffHeap ?? 0,
      taskOffHeap: memory?.taskOffHeap ?? 0,
      networkMemory: memory?.networkMemory ?? 0,
      managedMemory: memory?.managedMemory ?? 0,
      jvmMetaspace: memory?.jvmMetaspace ?? 0,
      jvmOverhead: memory?.jvmOverhead ?? 0,
      totalFlinkMemory: memory?.totalFlinkMemory ?? 0,
      totalProcessMemory: memory?.totalProcessMemory ?? 0,
    },
  }
}

/** Fields of Flink's `metrics` object and the metrics that they show; what Node has no like of is 0. */
const METRIC_FIELDS: Readonly<Record<string, string>> = {
  heapUsed: 'Status.JVM.Memory.Heap.Used',
  heapCommitted: 'Status.JVM.Memory.Heap.Committed',
  heapMax: 'Status.JVM.Memory.Heap.Max',
  nonHeapUsed: 'Status.JVM.Memory.NonHeap.Used',
  nonHeapCommitted: 'Status.JVM.Memory.NonHeap.Committed',
  nonHeapMax: 'Status.JVM.Memory.NonHeap.Max',
  directCount: 'Status.JVM.Memory.Direct.Count',
  directUsed: 'Status.JVM.Memory.Direct.MemoryUsed',
  directMax: 'Status.JVM.Memory.Direct.TotalCapacity',
  mappedCount: 'Status.JVM.Memory.Mapped.Count',
  mappedUsed: 'Status.JVM.Memory.Mapped.MemoryUsed',
  mappedMax: 'Status.JVM.Memory.Mapped.TotalCapacity',
  nettyShuffleMemorySegmentsAvailable: 'Status.Shuffle.Netty.AvailableMemorySegments',
  nettyShuffleMemorySegmentsUsed: 'Status.Shuffle.Netty.UsedMemorySegments',
  nettyShuffleMemorySegmentsTotal: 'Status.Shuffle.Netty.TotalMemorySegments',
  nettyShuffleMemoryAvailable: 'Status.Shuffle.Netty.AvailableMemory',
  nettyShuffleMemoryUsed: 'Status.Shuffle.Netty.UsedMemory',
  nettyShuffleMemoryTotal: 'Status.Shuffle.Netty.TotalMemory',
}

/** Calls about TaskManagers. */
export const taskManagerRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/taskmanagers',
    handler: async (_request, context) => {
      const { taskManagers } = await context.resourceManager().requestTaskManagers({})
      const body: TaskManagersBody = { taskmanagers: taskManagers.map(taskManagerBody) }
      return { body }
    },
  },
  {
    method: 'GET',
    path: '/taskmanagers/:taskmanagerid',
    handler: async (request, context) => {
      const resourceId = request.path['taskmanagerid'] ?? ''
      const { taskManagers } = await context.resourceManager().requestTaskManagers({ resourceId })
      const [info] = taskManagers
      if (info === undefined) {
        throw new RestHandlerError(`No TaskExecutor registered under ${resourceId}.`, 404)
      }
      const metrics: Record<string, number | unknown[]> = {}
      for (const [field, id] of Object.entries(METRIC_FIELDS)) {
        metrics[field] = info.metrics[id] ?? 0
      }
      const body: TaskManagerDetailsBody = {
        ...taskManagerBody(info),
        allocatedSlots: info.allocatedSlots.map((slot) => ({
          jobId: slot.jobId,
          resource: profileBody(slot.profile),
          assignedTasks: slot.assignedTasks,
        })),
        metrics: { ...metrics, garbageCollectors: [] },
      }
      return { body }
    },
  },
]
