import type { Catalogue } from '../schema/catalogue.ts';
import { detect, operationFromForm } from '../wire/detect.ts';
import type { Detected } from '../wire/detected.ts';
import type { HttpRequest } from '../wire/request.ts';
export interface Recognised {
  readonly signingName: string;
  readonly region: string;
  readonly accessKeyId: string | undefined;
  readonly authentication: 'AuthHeader' | 'QueryString' | 'None';
  readonly detected?: Detected;
}
export interface Recogniser {
  head(http: HttpRequest): Recognised;
  whole(http: HttpRequest, body: Buffer): Recognised;
}
export function createRecogniser(
  catalogue: Catalogue,
  options: { hostSuffixes: readonly string[]; defaultRegion: string },
): Recogniser {
  const head = (http: HttpRequest): Recognised => {
    const auth = /Credential=([^/]+)\/\d+\/([^/]+)\/([^/]+)\//.exec(http.headers.authorization ?? '');
    const signingName = auth?.[3] ?? 's3';
    const ids = catalogue.entries.filter((e) => e.signingName === signingName).map((e) => e.id);
    const schemas = ids.map((id) => catalogue.schema(id)!);
    const detected = detect(http, signingName, schemas, options.hostSuffixes);
    return {
      signingName,
      region: auth?.[2] ?? options.defaultRegion,
      accessKeyId: auth?.[1],
      authentication: auth ? 'AuthHeader' : 'None',
      ...(detected && { detected }),
    };
  };
  return {
    head,
    whole(http, body) {
      const r = head(http);
      if (!r.detected || r.detected.operation) return r;
      const op = operationFromForm(r.detected.schema, body, http.query);
      return op && Object.hasOwn(r.detected.schema.operations, op)
        ? { ...r, detected: { ...r.detected, operation: op } }
        : r;
    },
  };
}
