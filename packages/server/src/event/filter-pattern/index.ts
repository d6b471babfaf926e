export { PatternError } from '../pattern-error.ts';
export {
  compileExtractedValues,
  compileExtraction,
  compileFilterPattern,
  type FilterEvent,
  type FilterTest,
  filterEvent,
} from './compile.ts';
export { parseFilterPattern } from './parse.ts';
export type { FilterPattern } from './pattern.ts';
