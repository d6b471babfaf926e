export { PatternError } from '../pattern-error.ts';
export { compileEventPattern, type EventTest } from './compile.ts';
