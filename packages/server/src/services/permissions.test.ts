import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Service } from '../wire/service.ts';

/**
 * Nothing is served that nobody has to be allowed to do: every service has a table of permissions in which all of its
 * operations stand. A new service needs no line here; one that asks the authorizer in another way does.
 */
const ASKS_ITSELF: Readonly<Record<string, string>> = {
  s3: 'buckets have ACLs and Block Public Access besides policies; services/s3/authorize.ts refuses what it does not know',
};
const folders = readdirSync(import.meta.dirname, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && existsSync(join(import.meta.dirname, entry.name, 'index.ts')))
  .map(({ name }) => name);

/** The tables are made without touching what handlers work with, which is all that is needed here. */
async function serviceIn(folder: string): Promise<Service> {
  const module = (await import(`./${folder}/index.ts`)) as Readonly<Record<string, unknown>>;
  const make = Object.entries(module).find(([name]) => name.endsWith('Service') || name.startsWith('open'))?.[1];
  expect(make, `services/${folder}/index.ts exports what makes the service`).toBeTypeOf('function');
  const made = (make as (...deps: unknown[]) => Service | { readonly service: Service })(HOLLOW, HOLLOW);
  return 'service' in made ? made.service : made;
}

/** Has every member, and each of them every member. */
const HOLLOW: unknown = new Proxy(() => {}, {
  get: (_, name) => (name === Symbol.toPrimitive ? () => '' : name === Symbol.iterator ? undefined : HOLLOW),
  apply: () => HOLLOW,
});

describe.each(folders)('%s', (folder) => {
  test('asks for permissions', async () => {
    const service = await serviceIn(folder);
    if (Object.hasOwn(ASKS_ITSELF, folder)) {
      expect(service.authorize).toBeTypeOf('function');
      return;
    }
    const { permissions = {} } = service;
    const without = Object.keys(service.operations).filter((name) => !Object.hasOwn(permissions, name));
    expect(without).toEqual([]);
    for (const [name, permission] of Object.entries(permissions)) {
      if (typeof permission === 'string') expect(permission.length, `why ${name} needs none`).toBeGreaterThan(20);
    }
  });
});

test('the services that ask themselves are there', () => {
  for (const name of Object.keys(ASKS_ITSELF)) expect(folders).toContain(name);
});
