import type { Hours } from "../../../provisioning/index.ts";

export type HoursState =
  | { state: "open"; closesAt: string }
  | { state: "closingSoon"; closesAt: string }
  | { state: "closed"; reason: "hours" | "holiday"; opens?: { date: string; time: string } };

const SOON_MIN = 15;

interface Local {
  date: string;
  /** 1 Monday to 7 Sunday. */
  weekday: number;
  /** Minutes since midnight. */
  minute: number;
  year: number;
}

const formats = new Map<string, Intl.DateTimeFormat>();

function local(zone: string, wallMs: number): Local {
  let format = formats.get(zone);
  if (!format) {
    format = new Intl.DateTimeFormat("en-GB", {
      timeZone: zone,
      year: "numeric",
      month: "2-digit",
      day: "2-digit",
      hour: "2-digit",
      minute: "2-digit",
      hourCycle: "h23",
    });
    formats.set(zone, format);
  }
  const part = Object.fromEntries(
    format.formatToParts(wallMs).map(({ type, value }) => [type, value]),
  ) as Record<string, string>;
  const date = `${part.year}-${part.month}-${part.day}`;
  const weekday = new Date(`${date}T00:00:00Z`).getUTCDay() || 7;
  return { date, weekday, minute: Number(part.hour) * 60 + Number(part.minute), year: Number(part.year) };
}

const minutes = (text: string): number => Number(text.slice(0, 2)) * 60 + Number(text.slice(3));

/** Opening times of one date: none on a general holiday. */
function timesOf(hours: Hours, date: string, weekday: number): [string, string][] {
  if (hours.holidays.includes(date)) return [];
  return [...(hours.weekly[String(weekday)] ?? [])].sort(([a], [b]) => a.localeCompare(b));
}

/** Whether the unit is open at a moment, by weekly hours and general holidays in its own zone. */
export function hoursAt(hours: Hours, wallMs: number): HoursState {
  const now = local(hours.zone, wallMs);
  for (const [from, to] of timesOf(hours, now.date, now.weekday)) {
    if (now.minute < minutes(from) || now.minute >= minutes(to)) continue;
    const soon = minutes(to) - now.minute <= SOON_MIN && !(to === "24:00" && opensAtMidnight(hours, now));
    return { state: soon ? "closingSoon" : "open", closesAt: to };
  }
  const reason = hours.holidays.includes(now.date) ? "holiday" : "hours";
  const opens = nextOpening(hours, now);
  return { state: "closed", reason, ...(opens ? { opens } : {}) };
}

/** The calendar date some days after another one, with its weekday. */
function dayAfter(from: string, days: number): { date: string; weekday: number } {
  const when = new Date(`${from}T12:00:00Z`);
  when.setUTCDate(when.getUTCDate() + days);
  return { date: when.toISOString().slice(0, 10), weekday: when.getUTCDay() || 7 };
}

function opensAtMidnight(hours: Hours, now: Local): boolean {
  const { date, weekday } = dayAfter(now.date, 1);
  return timesOf(hours, date, weekday)[0]?.[0] === "00:00";
}

function nextOpening(hours: Hours, now: Local): { date: string; time: string } | undefined {
  for (let day = 0; day <= 14; day++) {
    const { date, weekday } = dayAfter(now.date, day);
    const time = timesOf(hours, date, weekday)
      .map(([from]) => from)
      .find((from) => day > 0 || minutes(from) > now.minute);
    if (time) return { date, time };
  }
  return undefined;
}

/** Whether the list of holidays covers this moment; outside it the unit must warn, because it cannot know. */
export function holidaysKnown(hours: Hours, wallMs: number): boolean {
  const [first, last] = hours.holidayYears;
  const { year } = local(hours.zone, wallMs);
  return year >= first && year <= last;
}
