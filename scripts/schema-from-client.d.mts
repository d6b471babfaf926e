import type { Protocol, ServiceSchema } from '../packages/server/src/schema/types.ts';

export function schemaFromClient(
  packageName: string,
  options: {
    readonly id: string;
    readonly protocols?: readonly Protocol[];
    readonly fractional: 'all' | readonly string[];
  },
): ServiceSchema;
export function formatSchema(schema: ServiceSchema): string;
export function checkSchema(schema: ServiceSchema): ServiceSchema;
