import * as assert from "uvu/assert";
import type { Hours } from "../../../../provisioning/index.ts";
import { holidaysKnown, hoursAt } from "../../../../runtime/core/health/index.ts";
import { suite } from "../../../kit.ts";

const { test, run } = suite("hours");

const hours: Hours = {
  zone: "Asia/Hong_Kong",
  weekly: {
    "1": [["07:00", "23:00"]],
    "2": [["07:00", "23:00"]],
    "3": [
      ["14:00", "18:00"],
      ["08:00", "13:00"],
    ],
    "4": [["00:00", "24:00"]],
    "5": [["00:00", "24:00"]],
    "6": [["10:00", "16:00"]],
  },
  holidays: ["2026-12-25", "2026-12-26"],
  holidayYears: [2026, 2026],
};
/** A moment in Hong Kong, which is UTC+8 the whole year. */
const at = (text: string) => Date.parse(`${text}:00+08:00`);

const table: [when: string, title: string, expected: ReturnType<typeof hoursAt>][] = [
  [
    "2026-11-23T06:59",
    "Monday, a minute before",
    { state: "closed", reason: "hours", opens: { date: "2026-11-23", time: "07:00" } },
  ],
  ["2026-11-23T07:00", "Monday, the first minute", { state: "open", closesAt: "23:00" }],
  ["2026-11-23T22:44", "Monday, 16 minutes before closing", { state: "open", closesAt: "23:00" }],
  ["2026-11-23T22:45", "Monday, 15 minutes before closing", { state: "closingSoon", closesAt: "23:00" }],
  ["2026-11-23T22:59", "Monday, the last minute", { state: "closingSoon", closesAt: "23:00" }],
  [
    "2026-11-23T23:00",
    "Monday, closed",
    { state: "closed", reason: "hours", opens: { date: "2026-11-24", time: "07:00" } },
  ],
  ["2026-11-25T12:30", "Wednesday, the first of two times", { state: "open", closesAt: "13:00" }],
  [
    "2026-11-25T13:30",
    "Wednesday, between the two",
    { state: "closed", reason: "hours", opens: { date: "2026-11-25", time: "14:00" } },
  ],
  ["2026-11-26T00:00", "Thursday, midnight", { state: "open", closesAt: "24:00" }],
  [
    "2026-11-26T23:59",
    "Thursday, before midnight it goes on into Friday",
    { state: "open", closesAt: "24:00" },
  ],
  [
    "2026-11-28T16:00",
    "Saturday after closing: Sunday has no hours",
    { state: "closed", reason: "hours", opens: { date: "2026-11-30", time: "07:00" } },
  ],
  [
    "2026-11-29T12:00",
    "Sunday",
    { state: "closed", reason: "hours", opens: { date: "2026-11-30", time: "07:00" } },
  ],
  [
    "2026-12-25T12:00",
    "a holiday on a Friday, then one on Saturday",
    { state: "closed", reason: "holiday", opens: { date: "2026-12-28", time: "07:00" } },
  ],
  [
    "2026-12-24T23:59",
    "the eve of a holiday closes at midnight",
    { state: "closingSoon", closesAt: "24:00" },
  ],
];

for (const [when, title, expected] of table)
  test(title, () => assert.equal(hoursAt(hours, at(when)), expected));

test("the zone decides, not the machine's", () => {
  const monday = Date.parse("2026-11-22T23:30:00Z");
  assert.is(hoursAt(hours, monday).state, "open");
  assert.is(hoursAt({ ...hours, zone: "UTC" }, monday).state, "closed");
});

test("a unit without hours never says when it opens", () =>
  assert.equal(hoursAt({ ...hours, weekly: {} }, at("2026-11-23T12:00")), {
    state: "closed",
    reason: "hours",
  }));

test("outside the years of its list of holidays a unit knows that it does not know", () => {
  assert.ok(holidaysKnown(hours, at("2026-12-31T23:59")));
  assert.not.ok(holidaysKnown(hours, at("2027-01-01T00:00")));
  assert.not.ok(holidaysKnown(hours, at("2025-12-31T23:59")));
});

run();
