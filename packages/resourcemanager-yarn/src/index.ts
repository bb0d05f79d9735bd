export { DEPLOYMENT_FILE, type YarnDeployment } from './deployment/yarn-deployment.js'
