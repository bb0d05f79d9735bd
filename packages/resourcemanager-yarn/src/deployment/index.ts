export { createClusterDescriptor } from './create-cluster-descriptor.js'
export { DEPLOYMENT_FILE, type YarnDeployment } from './yarn-deployment.js'
