/**
 * Writes the kept files of the format that this version writes: `node packages/state/dist-test/write-fixtures.js NAME` makes
 * `packages/state/test/fixtures/NAME`. Files that are there are never written again: they show that what was stored once can be read.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { encodeMetadata } from '@flink-ts/state'
import {
  fillKeyed,
  fillOperator,
  fixtureMetadata,
  keyedBackend,
  operatorBackend,
} from './fixture-contents.js'
import { completeSnapshot, operatorHandle } from './snapshot-files.js'

const [name] = process.argv.slice(2)
if (name === undefined) throw new Error('Give the name of the folder, such as format-1')
const directory = new URL(`../test/fixtures/${name}/`, import.meta.url)
mkdirSync(directory, { recursive: true })

const keyed = keyedBackend()
fillKeyed(keyed)
const operator = operatorBackend()
fillOperator(operator)
const files = {
  keyed: completeSnapshot(keyed.snapshot(1n)).snapshot,
  operator: operatorHandle(operator.snapshot(1n)).snapshot,
}
for (const [file, handle] of Object.entries(files)) {
  if (handle.kind !== 'inline') continue
  writeFileSync(new URL(`${file}.state`, directory), handle.bytes, { flag: 'wx' })
}
const metadata = fixtureMetadata('/savepoints/s', files)
const { bytes } = encodeMetadata(metadata, '/savepoints/s')
writeFileSync(new URL('_metadata', directory), bytes, { flag: 'wx' })
