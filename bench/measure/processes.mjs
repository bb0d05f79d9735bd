import { readFileSync } from 'node:fs'

/** Kernel ticks a second: 100 on every Linux that Node runs on. */
const TICKS = 100

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

/** Seconds on a clock that never goes back. */
export const now = () => performance.now() / 1000

export function isAlive(pid) {
  try {
    process.kill(pid, 0)
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

/** Resident memory in MB of 10^6 bytes. */
export function residentMemory(pid) {
  const [, kib] = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
  return (Number(kib) * 1024) / 1e6
}

/** CPU seconds that a process and its ended children used. */
export function cpuSeconds(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ')
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) / TICKS
}

/** The most resident memory that a process ever had, in MB of 10^6 bytes. */
export function peakMemory(pid) {
  const [, kib] = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
  return (Number(kib) * 1024) / 1e6
}
