/** An event as people name it: by its id, by `account/id`, or by the address of its page. */
export function readEventKey(text: string, accountId: string): { accountId: string; eventId: string } | undefined {
  const place = text.trim().replace(/[?#].*$/, '');
  const found = /^(?:(?:.*\/)?(\d{12})\/)?([\w%.:-]{1,200})$/.exec(place);
  if (!found) return undefined;
  try {
    return { accountId: found[1] ?? accountId, eventId: decodeURIComponent(found[2]!) };
  } catch {
    return undefined;
  }
}
