import { execFileSync } from 'node:child_process'
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'

const SIZE_MB = 24

/** A small file system for checkpoints that can be full: needs the right to mount one, else it is a folder. */
export class CheckpointDisk {
  readonly folder: string
  /** Whether it can be filled. */
  readonly isSmall: boolean

  constructor(folder: string) {
    this.folder = folder
    mkdirSync(folder, { recursive: true })
    this.isSmall = mounted(folder)
  }

  /** Leaves no byte free. */
  fill(): void {
    const file = openSync(this.#filling, 'w')
    try {
      for (let piece = 1024 * 1024; piece >= 1; piece = Math.floor(piece / 16)) {
        const bytes = Buffer.alloc(piece, 1)
        while (written(file, bytes) === piece);
      }
    } finally {
      closeSync(file)
    }
  }

  /** Undoes {@link fill}. */
  empty(): void {
    rmSync(this.#filling, { force: true })
  }

  close(): void {
    if (this.isSmall) execFileSync('umount', ['-l', this.folder])
  }

  get #filling(): string {
    return join(this.folder, 'filling')
  }
}

function mounted(folder: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${SIZE_MB}m`, 'flink-faults', folder], {
      stdio: 'ignore',
    })
    return true
  } catch {
    return false
  }
}

/** How many bytes went in. */
function written(file: number, bytes: Uint8Array): number {
  try {
    return writeSync(file, bytes)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOSPC') return 0
    throw error
  }
}
