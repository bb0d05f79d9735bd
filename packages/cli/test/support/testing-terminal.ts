import type { Terminal } from '../../dist/terminal/terminal.js'

/** Keeps what a command writes. */
export class TestingTerminal implements Terminal {
  readonly outLines: string[] = []
  readonly errLines: string[] = []
  readonly progressLines: string[] = []
  readonly interactive: boolean

  constructor(interactive = false) {
    this.interactive = interactive
  }

  out(line = ''): void {
    this.outLines.push(line)
  }

  err(line = ''): void {
    this.errLines.push(line)
  }

  progress(line: string): void {
    this.progressLines.push(line)
  }
}
