import { type Random, uuid } from '../../base/random.ts';
import type { State } from '../../ports/state.ts';

/** Made with the data folder and never again: tells it from one that was started afresh. */
export async function instanceIdOf(state: State, random: Random): Promise<string> {
  const known = await state.get<string>('instance-id');
  if (known) return known.value;
  const made = uuid(random);
  await state.write([{ put: 'instance-id', value: made, ifVersion: 'absent' }]);
  return made;
}
