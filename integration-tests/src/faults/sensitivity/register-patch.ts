// For `node --import`: from now on modules are loaded with the patch that FLINK_TS_FAULT_PATCH names.
import { register } from 'node:module'
import { FAULT_PATCHES } from './patches.js'

const patch = FAULT_PATCHES.find(({ name }) => name === process.env['FLINK_TS_FAULT_PATCH'])
if (patch !== undefined) register('./patch-loader.js', import.meta.url, { data: patch })
