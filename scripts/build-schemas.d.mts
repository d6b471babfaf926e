export function buildSchemas(): readonly (readonly [id: string, text: string])[];
