// Jobs without functions, for clusters whose tasks only take time.
const hex = (n) => n.toString(16).padStart(32, '0')

const vertex = (n, parallelism) => ({
  id: hex(n),
  name: `v${n}`,
  parallelism,
  maxParallelism: 32_768,
  // A slot for each subtask.
  slotSharingGroup: `group-${n}`,
  operators: [
    {
      operatorId: hex(0x100 + n),
      name: `op${n}`,
      kind: 'operator',
      code: { kind: 'traced' },
      chainedInputs: [],
    },
  ],
})

const edge = (from, to) => ({
  id: hex(0x1000 + from),
  sourceVertexId: hex(from),
  sourceOperatorId: hex(0x100 + from),
  targetVertexId: hex(to),
  targetInputIndex: 0,
  partitioner: 'FORWARD',
  exchange: 'pipelined_bounded',
})

/** A streaming job of vertices in a row, `subtasks` in all, each in a slot of its own. */
export function jobOf(number, subtasks) {
  const count = Math.min(10, subtasks)
  const parallelism = subtasks / count
  return {
    formatVersion: 1,
    jobId: hex(0xab_0000 + number),
    name: `job-${number}`,
    jobType: 'STREAMING',
    vertices: Array.from({ length: count }, (_, i) => vertex(i + 1, parallelism)),
    edges: Array.from({ length: count - 1 }, (_, i) => edge(i + 1, i + 2)),
    configuration: {},
  }
}
