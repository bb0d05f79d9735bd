export { createResourceManagerDriver } from './applicationmaster/create-resource-manager-driver.js'
export {
  YarnResourceManagerDriver,
  type YarnResourceManagerDriverOptions,
} from './applicationmaster/yarn-resource-manager-driver.js'
export { DEPLOYMENT_FILE, type YarnDeployment } from './deployment/yarn-deployment.js'
