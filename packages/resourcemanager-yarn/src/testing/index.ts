export type { SimulatedContainer } from './simulated-container.js'
export { SimulatedNode, type SimulatedNodeSize } from './simulated-node.js'
export { SimulatedYarn, type SimulatedYarnOptions } from './simulated-yarn.js'
