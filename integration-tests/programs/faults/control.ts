/** How the driver of the fault run reaches into the job: by files in a folder that both know. */
import { existsSync, readFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'

const POLL_MS = 20

/** The view of one function of the job. */
export class Control {
  private readonly folder: string
  private lastMs = 0

  constructor(folder: string) {
    this.folder = folder
  }

  /** Takes a thing that one function is to do once, whoever is first; answers its text. Looks at most every 20 ms. */
  take(name: string): string | undefined {
    return this.isTime() ? takeFile(this.folder, name) : undefined
  }

  /** Whether something is so while its file is there. Looks at most every 20 ms. */
  isOn(name: string): boolean {
    return this.isTime() && existsSync(join(this.folder, name))
  }

  private isTime(): boolean {
    const now = performance.now()
    if (now - this.lastMs < POLL_MS) return false
    this.lastMs = now
    return true
  }
}

/** Takes a file away so that nobody else can have it; answers its text. */
export function takeFile(folder: string, name: string): string | undefined {
  const path = join(folder, name)
  if (!existsSync(path)) return undefined
  const taken = `${path}.${process.pid}.${performance.now()}.taken`
  try {
    renameSync(path, taken)
  } catch {
    // Another one was quicker.
    return undefined
  }
  return readFileSync(taken, 'utf8')
}
