/** The one room of the server that the console shares: how filters are written, read and understood. */
export * from '../../../server/src/event/search/index.ts';
