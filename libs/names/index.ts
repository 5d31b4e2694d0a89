export { nameKeys, titleKey } from './names.js';
