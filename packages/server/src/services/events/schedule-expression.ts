/**
 * Schedule expressions of rules: `rate(5 minutes)`, `cron(0 10 ? * MON-FRI *)`, in UTC (EventBridge guide, "Setting a
 * schedule pattern").
 */
export interface Schedule {
  /** The first time after `afterMs`, ms since the epoch; undefined when there is none within `YEARS_MAX`. */
  next(afterMs: number): number | undefined;
}

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const UNITS_MS: Readonly<Record<string, number>> = { minute: MINUTE_MS, hour: 3_600_000, day: DAY_MS };
/** AWS's years end in 2199; a rule that waits longer than this waits for ever. */
const YEARS_MAX = 12;

/** @param sinceMs what `rate()` counts from @returns undefined when it is no schedule */
export function parseSchedule(text: string, sinceMs: number): Schedule | undefined {
  const rate = /^rate\(([1-9]\d{0,7}) (minute|hour|day)(s?)\)$/.exec(text);
  if (rate) {
    const count = Number(rate[1]);
    if (count > 1 !== (rate[3] === 's')) return undefined;
    const periodMs = count * UNITS_MS[rate[2]!]!;
    return { next: (afterMs) => sinceMs + (Math.floor(Math.max(0, afterMs - sinceMs) / periodMs) + 1) * periodMs };
  }
  const cron = /^cron\((\S+) (\S+) (\S+) (\S+) (\S+) (\S+)\)$/.exec(text);
  return cron ? parseCron(cron.slice(1)) : undefined;
}

const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];
const WEEKDAYS = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];

interface Range {
  readonly min: number;
  readonly max: number;
  readonly names?: readonly string[];
}

/** Says of a day whether it is meant. */
type DayTest = (day: { readonly date: number; readonly weekday: number; readonly last: number }) => boolean;

function parseCron([minuteText, hourText, dateText, monthText, weekdayText, yearText]: readonly string[]):
  | Schedule
  | undefined {
  const minutes = parseField(minuteText!, { min: 0, max: 59 });
  const hours = parseField(hourText!, { min: 0, max: 23 });
  const months = parseField(monthText!, { min: 1, max: 12, names: MONTHS });
  const years = parseField(yearText!, { min: 1970, max: 2199 });
  // One of them, and one only, says which days.
  if ((dateText === '?') === (weekdayText === '?')) return undefined;
  const day = weekdayText === '?' ? parseDates(dateText!) : parseWeekdays(weekdayText!);
  if (!minutes || !hours || !months || !years || !day) return undefined;
  const times = [...hours].flatMap((hour) => [...minutes].map((minute) => hour * 60 + minute)).sort((a, b) => a - b);
  return {
    next(afterMs) {
      let dayMs = Math.floor(afterMs / DAY_MS) * DAY_MS;
      for (let days = 0; days < YEARS_MAX * 366; days++, dayMs += DAY_MS) {
        const at = new Date(dayMs);
        const month = at.getUTCMonth();
        if (!years.has(at.getUTCFullYear()) || !months.has(month + 1)) continue;
        const last = new Date(Date.UTC(at.getUTCFullYear(), month + 1, 0)).getUTCDate();
        if (!day({ date: at.getUTCDate(), weekday: at.getUTCDay(), last })) continue;
        const time = times.find((minute) => dayMs + minute * MINUTE_MS > afterMs);
        if (time !== undefined) return dayMs + time * MINUTE_MS;
      }
      return undefined;
    },
  };
}

/** Lists, ranges, steps and `*`. */
function parseField(text: string, range: Range): ReadonlySet<number> | undefined {
  const values = new Set<number>();
  for (const part of text.split(',')) {
    const match = /^(?:(\*)|(\w+)(?:-(\w+))?)(?:\/(\d+))?$/.exec(part);
    if (!match) return undefined;
    const [, star, fromText, toText, stepText] = match;
    const from = star ? range.min : numberOf(fromText!, range);
    const to = toText ? numberOf(toText, range) : star || stepText ? range.max : from;
    const step = stepText === undefined ? 1 : Number(stepText);
    if (from === undefined || to === undefined || step < 1) return undefined;
    // FRI-MON goes over the end of the week.
    const end = to < from ? to + (range.max - range.min + 1) : to;
    for (let value = from; value <= end; value += step) {
      values.add(value > range.max ? value - (range.max - range.min + 1) : value);
    }
  }
  return values;
}

function numberOf(text: string, { min, max, names }: Range): number | undefined {
  const named = names?.indexOf(text.toUpperCase()) ?? -1;
  if (named >= 0) return named + min;
  const value = /^\d{1,4}$/.test(text) ? Number(text) : Number.NaN;
  return value >= min && value <= max ? value : undefined;
}

/** Days of the month: also `L`, the last, and `15W`, the weekday nearest to the 15th. */
function parseDates(text: string): DayTest | undefined {
  if (text === 'L') return ({ date, last }) => date === last;
  const nearest = /^(\d{1,2})W$/.exec(text);
  if (nearest) {
    const target = numberOf(nearest[1]!, { min: 1, max: 31 });
    return target === undefined ? undefined : (day) => isNearestWeekday(day, target);
  }
  const dates = parseField(text, { min: 1, max: 31 });
  return dates && (({ date }) => dates.has(date));
}

function isNearestWeekday({ date, weekday, last }: Parameters<DayTest>[0], target: number): boolean {
  if (weekday === 0 || weekday === 6 || target > last) return false;
  if (date === target) return true;
  // On Friday it stands for Saturday, on Monday for Sunday; at the ends of a month it goes the other way.
  if (weekday === 5 && (date + 1 === target || (date + 2 === target && target === last))) return true;
  return weekday === 1 && (date - 1 === target || (date - 2 === target && target === 1));
}

/** Days of the week, 1 is Sunday: also `6L`, the month's last Friday, and `6#3`, its third. */
function parseWeekdays(text: string): DayTest | undefined {
  const range = { min: 1, max: 7, names: WEEKDAYS };
  const special = /^(\w+?)(?:(L)|#([1-5]))$/.exec(text);
  if (special && text.toUpperCase() !== 'L') {
    const wanted = numberOf(special[1]!, range);
    if (wanted === undefined) return undefined;
    const nth = Number(special[3]);
    return ({ date, weekday, last }) =>
      weekday + 1 === wanted && (special[2] ? date + 7 > last : Math.ceil(date / 7) === nth);
  }
  if (text === 'L') return ({ weekday }) => weekday === 6;
  const weekdays = parseField(text, range);
  return weekdays && (({ weekday }) => weekdays.has(weekday + 1));
}
