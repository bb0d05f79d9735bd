import type { Test } from 'tap'
import type { CommandResult } from './command.js'

/** Of somebody's terminal. */
const SCREEN = { lines: 40, columns: 400 }

/** Checks that a command was refused on one screen and without a stack, with such words. */
export function checkRefused(
  t: Test,
  what: string,
  words: readonly RegExp[],
  { code, stdout, stderr }: CommandResult,
): void {
  const text = stdout + stderr
  t.not(code, 0, `${what}: it fails`)
  for (const word of words) t.match(text, word, `${what}: it says ${word}`)
  const lines = text.trimEnd().split('\n')
  const isOneScreen =
    lines.length <= SCREEN.lines && lines.every((line) => line.length <= SCREEN.columns)
  t.ok(isOneScreen, `${what}: it fits on a screen`, isOneScreen ? {} : { text })
  t.notMatch(text, /^\s+at /m, `${what}: no stack`)
}
