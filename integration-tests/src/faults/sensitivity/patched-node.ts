import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A stand-in for `node` in which a patch is applied, with all that it starts. */
export interface PatchedNode {
  /** For processes of the cluster. */
  readonly environment: NodeJS.ProcessEnv
  close(): void
}

/** @param patch name of a kept patch */
export function patchedNode(patch: string): PatchedNode {
  const folder = mkdtempSync(join(tmpdir(), 'flink-faults-node-'))
  const node = join(folder, 'node')
  const register = new URL('./register-patch.js', import.meta.url).href
  const lines = [
    '#!/bin/sh',
    `export NODE_OPTIONS="--import ${register}"`,
    `export FLINK_TS_FAULT_PATCH=${patch}`,
    `exec "${process.execPath}" "$@"`,
  ]
  writeFileSync(node, `${lines.join('\n')}\n`)
  chmodSync(node, 0o755)
  return {
    environment: { FLINK_NODE: node },
    close: () => rmSync(folder, { recursive: true, force: true }),
  }
}
