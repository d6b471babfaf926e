/**
 * Input of an operation as the form of AWS's query protocol: lists as `Name.member.1`, structures as `Name.Member`.
 * Maps are lists of `{key, value}` under `entry` (SNS's Attributes): give them as a `Map`.
 */
export function queryForm(action: string, version: string, input: object): URLSearchParams {
  const form = new URLSearchParams({ Action: action, Version: version });
  for (const [name, value] of Object.entries(input)) put(form, name, value);
  return form;
}

function put(form: URLSearchParams, name: string, value: unknown): void {
  if (value === undefined || value === null) return;
  if (value instanceof Map) {
    [...value].forEach(([key, entry], i) => {
      put(form, `${name}.entry.${i + 1}.key`, key);
      put(form, `${name}.entry.${i + 1}.value`, entry);
    });
  } else if (value instanceof Date) form.append(name, value.toISOString());
  else if (Array.isArray(value)) {
    for (const [i, element] of value.entries()) put(form, `${name}.member.${i + 1}`, element);
  } else if (typeof value === 'object') {
    for (const [member, of] of Object.entries(value)) put(form, `${name}.${member}`, of);
  } else form.append(name, String(value));
}
