import { AwsError } from '../base/errors.ts';
import type { ServiceSchema, StructureShape } from '../schema/types.ts';
import type { HttpRequest } from './request.ts';

/** One operation's HTTP binding, made ready for matching. */
export interface Route {
  readonly operation: string;
  readonly method: string;
  readonly path: string;
  readonly segments: readonly Segment[];
  /** Place of the segment that takes all that the others leave (`{Key+}`), or -1. */
  readonly greedyAt: number;
  readonly literalSegments: number;
  /** Query parameters in the URI, that must be there: `acl`, `list-type=2`. */
  readonly literals: readonly (readonly [string, string])[];
  /** Required members outside path and body: they tell operations apart that share a URI (UploadPart, PutObject). */
  readonly needs: readonly { readonly query?: string; readonly header?: string }[];
  /** All query parameters that the operation takes. */
  readonly takes: ReadonlySet<string>;
}

type Segment = { readonly literal: string } | { readonly label: string; readonly greedy: boolean };

const compiled = new WeakMap<ServiceSchema, readonly Route[]>();

/** The service's routes, compiled at first use. */
export function routesOf(schema: ServiceSchema): readonly Route[] {
  let routes = compiled.get(schema);
  if (!routes) {
    routes = Object.keys(schema.operations).flatMap((operation) => compile(schema, operation) ?? []);
    compiled.set(schema, routes);
  }
  return routes;
}

function compile(schema: ServiceSchema, operation: string): Route | undefined {
  const { http, input } = schema.operations[operation]!;
  if (!http) return undefined;
  const [path = '/', query = ''] = http.uri.split('?');
  const segments = splitPath(path).map((part): Segment => {
    const label = /^\{([\w-]+)(\+?)\}$/.exec(part);
    return label ? { label: label[1]!, greedy: label[2] === '+' } : { literal: part };
  });
  const members = input === undefined ? [] : Object.values((schema.shapes[input] as StructureShape).members);
  const required = members.filter((m) => m.required && (m.location === 'query' || m.location === 'header'));
  const literals = query
    .split('&')
    .filter((part) => part !== '' && !part.startsWith('x-id='))
    .map((part): [string, string] => {
      const [name = '', value = ''] = part.split('=');
      return [name, value];
    });
  return {
    operation,
    method: http.method,
    path,
    segments,
    greedyAt: segments.findIndex((s) => 'label' in s && s.greedy),
    literalSegments: segments.filter((s) => 'literal' in s).length,
    literals,
    needs: required.map((m) =>
      m.location === 'query' ? { query: m.locationName! } : { header: m.locationName!.toLowerCase() },
    ),
    takes: new Set([
      ...literals.map(([name]) => name),
      ...members.filter((m) => m.location === 'query').map((m) => m.locationName!),
    ]),
  };
}

/** A trailing slash means nothing, except to a greedy label. */
function splitPath(path: string): string[] {
  const parts = path.slice(1).split('/');
  if (parts.length > 1 && parts.at(-1) === '') parts.pop();
  return parts;
}

/** The route that fits method, path and query best, with the path's labels decoded. */
export function matchRoute(
  routes: readonly Route[],
  http: HttpRequest,
): { readonly operation: string; readonly labels: Record<string, string> } | undefined {
  const parts = splitPath(http.rawPath);
  const fitting = routes.filter((r) => r.method === http.method && fits(r, parts));
  const best = bestRoute(fitting, http);
  return best && { operation: best.operation, labels: decodeLabels(labelsOf(best, parts)!) };
}

/**
 * Of routes that share method and path, the one whose query literals fit best, then the one with most of its required
 * members there and fewest missing. Having some beats having none: a PUT with an uploadId but no partNumber is a broken
 * UploadPart, not a PutObject that would overwrite the object.
 */
export function bestRoute(routes: readonly Route[], http: HttpRequest): Route | undefined {
  const has = (name: string, value: string) => http.query.some(([n, v]) => n === name && (value === '' || v === value));
  const present = (need: Route['needs'][number]) =>
    need.query !== undefined
      ? has(need.query, '')
      : need.header! in http.headers || http.query.some(([n]) => n.toLowerCase() === need.header);
  const scored = routes
    .filter((r) => r.literals.every(([name, value]) => has(name, value)))
    .map((route) => {
      const there = route.needs.filter(present).length;
      const named = has('x-id', route.operation) ? 1 : 0;
      return { route, score: [route.literals.length, route.literalSegments, there, there - route.needs.length, named] };
    });
  scored.sort((a, b) => compareScores(b.score, a.score) || (a.route.operation < b.route.operation ? -1 : 1));
  return scored[0]?.route;
}

function compareScores(a: readonly number[], b: readonly number[]): number {
  const i = a.findIndex((value, k) => value !== b[k]);
  return i < 0 ? 0 : a[i]! - b[i]!;
}

/** Whether a path has this route's form. */
function fits(route: Route, parts: readonly string[]): boolean {
  const { segments, greedyAt } = route;
  if (greedyAt >= 0) return labelsOf(route, parts) !== undefined;
  // Most routes of a large service are told apart here, so nothing is made.
  if (parts.length !== segments.length) return false;
  for (let i = 0; i < segments.length; i++) {
    const segment = segments[i]!;
    if ('literal' in segment ? segment.literal !== parts[i] : parts[i] === '') return false;
  }
  return true;
}

/** Raw labels of a path, or undefined when it does not have this route's form. */
function labelsOf(route: Route, parts: readonly string[]): Record<string, string> | undefined {
  const labels: Record<string, string> = {};
  const { segments, greedyAt } = route;
  if (greedyAt < 0 ? parts.length !== segments.length : parts.length < segments.length) return undefined;
  const extra = parts.length - segments.length;
  for (let i = 0, at = 0; i < segments.length; i++) {
    const segment = segments[i]!;
    const width = i === greedyAt ? 1 + extra : 1;
    const text = parts.slice(at, at + width).join('/');
    at += width;
    if ('literal' in segment ? segment.literal !== text : text === '') return undefined;
    if ('label' in segment) labels[segment.label] = text;
  }
  return labels;
}

function decodeLabels(labels: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(labels).map(([name, raw]) => [name, decodePath(raw)]));
}

/** Percent-decodes a part of a path, where `+` is a plus. @throws AwsError InvalidURI */
export function decodePath(raw: string): string {
  try {
    return decodeURIComponent(raw);
  } catch (cause) {
    throw new AwsError('InvalidURI', "Couldn't parse the specified URI.", { cause });
  }
}
