/** Many clusters in containers fit on one machine, and notice soon that a process is gone. */
export const SMALL_CONTAINERS: Readonly<Record<string, string | number>> = {
  'jobmanager.memory.process.size': '1024m',
  'taskmanager.memory.process.size': '1024m',
  // Three tasks of a job share a slot.
  'taskmanager.memory.managed.fraction': '0.1',
  'taskmanager.numberOfTaskSlots': 1,
  'heartbeat.interval': '1 s',
  'heartbeat.timeout': '10 s',
}
