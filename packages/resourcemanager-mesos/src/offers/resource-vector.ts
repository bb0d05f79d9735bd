import type { WorkerNeeds } from '../launch/worker-launcher.js'

/** The resources that are matched; `network` under whatever name, `ports` by their number. */
export const DIMENSIONS = ['cpus', 'mem', 'disk', 'gpus', 'network', 'ports'] as const
export type Dimension = (typeof DIMENSIONS)[number]

/** Of each dimension, in thousandths; ports in ones. */
export type ResourceVector = Readonly<Record<Dimension, number>>

export const NO_RESOURCES: ResourceVector = {
  cpus: 0,
  mem: 0,
  disk: 0,
  gpus: 0,
  network: 0,
  ports: 0,
}

export function needsVector(needs: WorkerNeeds): ResourceVector {
  return {
    cpus: thousandths(needs.cpus),
    mem: thousandths(needs.memoryMb),
    disk: thousandths(needs.diskMb),
    gpus: thousandths(needs.gpus),
    network: thousandths(needs.networkMbps),
    ports: needs.portKeys.length,
  }
}

export function fits(needs: ResourceVector, free: ResourceVector): boolean {
  return (
    needs.cpus <= free.cpus &&
    needs.mem <= free.mem &&
    needs.disk <= free.disk &&
    needs.gpus <= free.gpus &&
    needs.network <= free.network &&
    needs.ports <= free.ports
  )
}

export function sum(a: ResourceVector, b: ResourceVector): ResourceVector {
  return {
    cpus: a.cpus + b.cpus,
    mem: a.mem + b.mem,
    disk: a.disk + b.disk,
    gpus: a.gpus + b.gpus,
    network: a.network + b.network,
    ports: a.ports + b.ports,
  }
}

/** Not below nothing. */
export function difference(a: ResourceVector, b: ResourceVector): ResourceVector {
  return {
    cpus: Math.max(0, a.cpus - b.cpus),
    mem: Math.max(0, a.mem - b.mem),
    disk: Math.max(0, a.disk - b.disk),
    gpus: Math.max(0, a.gpus - b.gpus),
    network: Math.max(0, a.network - b.network),
    ports: Math.max(0, a.ports - b.ports),
  }
}

/** For people; without what there is nothing of. */
export function describeVector(vector: ResourceVector): string {
  const parts = DIMENSIONS.filter((dimension) => vector[dimension] > 0).map((dimension) =>
    describeAmount(dimension, vector[dimension]),
  )
  return parts.length === 0 ? 'nothing' : parts.join(', ')
}

export function describeAmount(dimension: Dimension, amount: number): string {
  if (dimension === 'ports') return `${amount} ports`
  const number = amount / 1000
  if (dimension === 'mem') return `${number} MB of memory`
  if (dimension === 'disk') return `${number} MB of disk`
  if (dimension === 'network') return `${number} MB/s of network`
  return `${number} ${dimension}`
}

/** What is a little above a thousandth by arithmetic alone is not rounded up. */
function thousandths(amount: number): number {
  return Math.ceil(Math.round(amount * 1e6) / 1e3)
}
