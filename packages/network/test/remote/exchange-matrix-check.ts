/* `node packages/network/dist-test/remote/exchange-matrix-check.js [SEEDS] [FIRST]`: the long form of exchange-matrix.test. */
import { matrixPlan, runMatrixPlan } from './exchange-matrix.js'

const seeds = Number(process.argv[2] ?? 200)
const first = Number(process.argv[3] ?? 1)
let failed = 0
for (let seed = first; seed < first + seeds; seed++) {
  const plan = matrixPlan(seed)
  try {
    await runMatrixPlan(plan)
    console.log(`seed ${seed}: ok`)
  } catch (error) {
    failed++
    console.log(`seed ${seed}: ${(error as Error).message}: ${JSON.stringify(plan)}`)
  }
}
process.exit(failed === 0 ? 0 : 1)
