/**
 * Whether a TaskManager in a container of YARN keeps to the memory that it was configured with, while a job uses heap, managed memory and
 * network to their limits: YARN kills what is larger than its container. It lasts as long as it is told, in seconds, default 600:
 * `node integration-tests/dist-test/container-memory-check.js [60]`.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { startHadoop } from './clusters/hadoop.js'
import { hadoopMissing } from './clusters/hadoop-jars.js'
import { YarnFaultCluster } from './faults/yarn/yarn-fault-cluster.js'
import { program } from './support/test-cluster.js'
import { until } from './support/until.js'

const SECONDS = Number(process.argv[2] ?? 600)
const TASK_MANAGER_MB = 1728
const JOB_MANAGER_MB = 1600
const SLOTS = 2
/** More than fits into managed memory, so that what is not looked at goes to the disk. */
const KEYS = 2_000_000
const VALUE_BYTES = 400
/** Of the heap's limit; with all of it tasks would fail. */
const HEAP_SHARE = 0.7
const SAMPLE_MS = 250
const COMMENT_MS = 30_000
const SUBMIT_MS = 180_000

t.setTimeout((SECONDS + 600) * 1000)

/** Resident memory, in kB, of processes that are still there: as YARN's monitor adds it up. */
function residentKb(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => {
    try {
      const status = readFileSync(`/proc/${pid}/status`, 'utf8')
      return sum + Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0)
    } catch {
      // It has ended.
      return sum
    }
  }, 0)
}

const missing = hadoopMissing()
t.test(
  `a TaskManager of ${TASK_MANAGER_MB} MB keeps to its container for ${SECONDS} s`,
  { skip: missing ?? false },
  async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'flink-it-'))
    t.teardown(() => rmSync(folder, { recursive: true, force: true }))
    const hadoop = await startHadoop({ nodeManagers: 1, memoryMb: 8192 })
    t.teardown(() => hadoop.stop())
    const checkpoints = join(folder, 'checkpoints')
    mkdirSync(checkpoints)
    const cluster = new YarnFaultCluster(hadoop, folder, {
      'taskmanager.memory.process.size': `${TASK_MANAGER_MB}m`,
      'jobmanager.memory.process.size': `${JOB_MANAGER_MB}m`,
      'taskmanager.numberOfTaskSlots': SLOTS,
      'yarn.application-attempts': 1,
      'state.backend.type': 'lsm',
      'execution.checkpointing.interval': '10 s',
      'execution.checkpointing.incremental': 'true',
      'execution.checkpointing.dir': `file://${checkpoints}`,
      'restart-strategy.type': 'none',
      'heartbeat.timeout': '120 s',
    })
    const { code, stdout, stderr } = await cluster.flink(
      ...['run', '-d', '-t', 'yarn-per-job', program('fills-container.ts')],
      ...[SLOTS, HEAP_SHARE, KEYS, VALUE_BYTES].map(String),
    )
    const applicationId = /application_\d+_\d+/.exec(stdout + stderr)?.[0]
    if (code !== 0 || applicationId === undefined) throw new Error(`flink run failed: ${stderr}`)
    const { master, worker } = await until(
      'the TaskManager runs',
      async () => {
        const { master, workers } = await cluster.containers(applicationId)
        const worker = workers[0]
        if (master === undefined || worker === undefined) return false
        // A container is known before it has a process.
        const isUp = [master, worker].every(
          ({ containerId }) => hadoop.containerProcesses(containerId).length > 0,
        )
        return isUp && { master, worker }
      },
      SUBMIT_MS,
    )
    const sizes = { JobManager: master, TaskManager: worker }
    const peaksKb = { JobManager: 0, TaskManager: 0 }
    const endMs = performance.now() + SECONDS * 1000
    let commentMs = performance.now() + COMMENT_MS
    const isOver = () =>
      Object.values(sizes).some(
        ({ containerId }) => hadoop.containerProcesses(containerId).length === 0,
      )
    // Whatever ends it, what comes after the loop says so.
    while (performance.now() < endMs && !isOver()) {
      for (const [name, { containerId }] of Object.entries(sizes)) {
        const kb = residentKb(hadoop.containerProcesses(containerId))
        const key = name as keyof typeof peaksKb
        peaksKb[key] = Math.max(peaksKb[key], kb)
      }
      if (performance.now() > commentMs) {
        commentMs += COMMENT_MS
        t.comment(`so far ${JSON.stringify(peaksKb)} kB at the most`)
      }
      await new Promise((resolve) => setTimeout(resolve, SAMPLE_MS))
    }
    for (const [name, { allocatedMB }] of Object.entries(sizes)) {
      const peakMb = Math.round(peaksKb[name as keyof typeof peaksKb] / 1024)
      const share = Math.round((100 * peakMb) / Number(allocatedMB))
      t.comment(
        `${name}: ${peakMb} MB at the most, ${share} % of its container of ${allocatedMB} MB`,
      )
      t.ok(peakMb > 50 && peakMb <= Number(allocatedMB), `${name} keeps to its container`)
    }
    t.notOk(isOver(), 'it has run to the end')
    const after = await cluster.containers(applicationId)
    t.same(
      [after.master?.containerId, ...after.workers.map(({ containerId }) => containerId)],
      [master.containerId, worker.containerId],
      'the same containers run as at the beginning',
    )
    t.notMatch(hadoop.nodeManagers[0]!.log(), /running beyond the/)
    const jobId = /JobID ([0-9a-f]{32})/.exec(stdout)?.[1]
    const target = ['-t', 'yarn-per-job', `-Dyarn.application.id=${applicationId}`]
    const cancelled = await cluster.flink('cancel', ...target, jobId!)
    t.equal(cancelled.code, 0, cancelled.stderr)
    await until('nothing is left', async () => (await cluster.leftovers()).length === 0)
  },
)
