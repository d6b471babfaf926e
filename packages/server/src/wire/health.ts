import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Metrics } from '../base/metrics.ts';

export interface HealthDeps {
  readonly metrics: Metrics;
  /** Brings gauges that follow other parts (lags, sizes) up to date, just before they are shown. */
  readonly refresh: () => void;
  /** What keeps the service from doing its work now, in words; empty when all is well. */
  readonly troubles: () => readonly string[];
}

/** A signed request is for an object: a bucket in the host name may hold one that is called `metrics`. */
const isSigned = ({ headers, url = '' }: IncomingMessage): boolean =>
  headers.authorization !== undefined || /[?&]X-Amz-Signature=/.test(url);

type Page = (res: ServerResponse) => Promise<void> | void;

/**
 * The three pages for operators, on the AWS port: `/healthz` (the process answers), `/readyz` (it can take events; 503
 * and the reasons when not) and `/metrics` (Prometheus text). They are unsigned and hold no event and no name; buckets
 * may not be called like them.
 * @returns a function that answers the request if it is for one of them, and says whether it was
 */
export function createHealthPages({ metrics, refresh, troubles }: HealthDeps) {
  const json = (res: ServerResponse, status: number, body: unknown) => {
    res.writeHead(status, { 'content-type': 'application/json' }).end(`${JSON.stringify(body)}\n`);
  };
  const pages: Readonly<Record<string, Page>> = {
    '/healthz': (res) => json(res, 200, { status: 'ok' }),
    '/readyz': (res) => {
      const found = troubles();
      json(res, found.length === 0 ? 200 : 503, {
        status: found.length === 0 ? 'ready' : 'not ready',
        troubles: found,
      });
    },
    '/metrics': async (res) => {
      refresh();
      const text = await metrics.registry.metrics();
      res.writeHead(200, { 'content-type': metrics.registry.contentType }).end(text);
    },
  };

  return async (req: IncomingMessage, res: ServerResponse): Promise<boolean> => {
    const path = (req.url ?? '').replace(/\?.*$/, '');
    // Node leaves out the body of an answer to HEAD, with which some load balancers ask.
    const isRead = req.method === 'GET' || req.method === 'HEAD';
    if (!isRead || !Object.hasOwn(pages, path) || isSigned(req)) return false;
    await pages[path]!(res);
    return true;
  };
}
