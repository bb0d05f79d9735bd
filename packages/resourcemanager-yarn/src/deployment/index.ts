export { DEPLOYMENT_FILE, type YarnDeployment } from './yarn-deployment.js'
