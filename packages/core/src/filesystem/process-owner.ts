import { createHash } from 'node:crypto'
import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'

/** What {@link processOwner} answers, for expressions that find it in names. */
export const PROCESS_OWNER_PATTERN = '[0-9a-f]{8}-\\d+-\\d+'

/**
 * This process, for names of what it leaves behind if it is killed: `<where>-<pid>-<start>`. Host and container count, and when it was
 * started, since numbers of processes are used again.
 */
export function processOwner(): string {
  return `${processSpace()}-${process.pid}-${startOf(process.pid) ?? 0}`
}

/** Whether the process of this name was one of this host and container, and is dead: what it left is nobody's. */
export function isDeadOwner(owner: string): boolean {
  const [space, pid, start] = owner.split('-')
  return space === processSpace() && !isAlive(Number(pid), Number(start))
}

function isAlive(pid: number, start: number): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    // Any other error tells that there is one, of another user.
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
  // Its number may have been given to another process since.
  const startNow = startOf(pid)
  return start === 0 || startNow === undefined || startNow === start
}

/** When a process was started, in ticks since the host was; undefined where there is no /proc. */
function startOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name, in parentheses, may hold anything.
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19])
  } catch {
    return undefined
  }
}

/** Where process numbers mean what they mean here: host and container. */
function processSpace(): string {
  let space = ''
  try {
    space = readlinkSync('/proc/self/ns/pid')
  } catch {
    // No Linux: the host alone.
  }
  return createHash('sha256').update(`${hostname()} ${space}`).digest('hex').slice(0, 8)
}
