import type { PackedService } from '../../packages/server/src/schema/packed.ts';
import type { ServiceSchema } from '../../packages/server/src/schema/types.ts';

export function pack(schema: ServiceSchema): PackedService;
