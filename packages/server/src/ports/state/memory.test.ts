import { memoryState } from './memory.ts';
import { stateSuite } from './suite.ts';

stateSuite(async () => ({ open: async () => memoryState() }));
