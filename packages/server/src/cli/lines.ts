import { StringDecoder } from 'node:string_decoder';

/** The whole lines of a stream of text, in groups as they come; an unfinished last one is left out. */
export async function* lineGroups(stream: AsyncIterable<Buffer>): AsyncGenerator<string[]> {
  const text = new StringDecoder('utf8');
  let rest = '';
  for await (const chunk of stream) {
    const lines = (rest + text.write(chunk)).split('\n');
    rest = lines.pop()!;
    yield lines.filter((line) => line !== '');
  }
}
