export { createResourceManagerDriver } from './create-resource-manager-driver.js'
export { StandaloneResourceManagerDriver } from './standalone-resource-manager-driver.js'
