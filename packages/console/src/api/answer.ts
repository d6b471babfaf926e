import { ApiError } from './error.ts';
import { xmlToObject } from './xml.ts';

/** Names in `__type` and in headers may carry a namespace before `#` and a link after `:`. */
const bareCode = (code: string): string => code.replace(/^.*#/, '').replace(/:.*$/, '');

interface ErrorBody {
  readonly __type?: string;
  readonly code?: string;
  readonly Code?: string;
  readonly message?: string;
  readonly Message?: string;
}

/** The error that an answer of any of AWS's protocols tells of, or of our own /session. */
export async function errorOfAnswer(answer: Response): Promise<ApiError> {
  const text = await answer.text();
  const named = answer.headers.get('x-amzn-errortype') ?? '';
  const { code, message } = text.trimStart().startsWith('<') ? fromXml(text) : fromJson(text);
  const fallback = answer.status === 503 ? 'ServiceUnavailable' : `HTTP ${answer.status}`;
  return new ApiError(
    bareCode(named || code || fallback),
    message || `The server answered with status ${answer.status}.`,
    answer.status,
  );
}

function fromJson(text: string): { code?: string; message?: string } {
  try {
    const body = JSON.parse(text) as ErrorBody;
    return { code: body.__type ?? body.code ?? body.Code, message: body.message ?? body.Message };
  } catch {
    return {};
  }
}

/** `<ErrorResponse><Error>` of the query protocol, `<Error>` of S3. */
function fromXml(text: string): { code?: string; message?: string } {
  try {
    const root = xmlToObject(new DOMParser().parseFromString(text, 'application/xml').documentElement);
    const error = (root as { Error?: ErrorBody }).Error ?? (root as ErrorBody);
    return { code: error.Code, message: error.Message };
  } catch {
    return {};
  }
}
