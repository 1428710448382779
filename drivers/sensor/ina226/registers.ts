import { deviceFault } from "../../contract/index.ts";

/** Registers of the Texas Instruments INA226 (SBOS547A §7.6): words, high byte first. Pure. */
export const REGISTER = {
  configuration: 0x00,
  shunt: 0x01,
  bus: 0x02,
  power: 0x03,
  current: 0x04,
  calibration: 0x05,
  mask: 0x06,
  manufacturer: 0xfe,
  die: 0xff,
} as const;
export const MANUFACTURER = 0x5449;
export const DIE = 0x2260;

/** One conversion of shunt and bus by command, each the mean of 16 of 1.1 ms (table 6 to 9). */
export const TRIGGER = 0x4523;
/** The three lowest bits say what is running, which is over when it is read. */
export const SETTINGS = 0xfff8;
/** Longest time of such a conversion: 16 × 2 × 1.21 ms (§6.5), rounded up, ms. */
export const CONVERSION_MS = 40;
/** Mask register: conversion ready, and a current that was too large for the arithmetic (table 14). */
export const READY = 1 << 3;
export const OVERFLOW = 1 << 2;

/** V of the bus register, A of the current register for 1 bit, as the datasheet has them. */
export const BUS_VOLT = 0.00125;
const SHUNT_VOLT = 0.0000025;
/** With this the register of current reads as the shunt's own steps of 2.5 µV: nothing is lost (equation 1). */
export const CALIBRATION = 0x0800;

export interface Words {
  shunt: number;
  bus: number;
  power: number;
  current: number;
}

/** Calibration word for a wanted step of current (equation 1). */
export const calibrationFor = (ampsPerBit: number, ohms: number): number =>
  Math.trunc(0.00512 / (ampsPerBit * ohms));
/** What the part makes of a shunt word (equation 3). */
export const currentOf = (shunt: number, calibration: number): number =>
  Math.trunc((shunt * calibration) / 2048);
/** What the part makes of current and bus words (equation 4). */
export const powerOf = (current: number, bus: number): number =>
  Math.trunc((Math.abs(current) * bus) / 20_000);

/**
 * Volts, amperes and watts. The part has no checksum, but it computes current and power by itself: a word that was disturbed
 * on the line does not fit the others.
 * @throws Fault `device.protocol` when the words contradict each other
 */
export function valuesOf(words: Words, ohms: number): { volts: number; amps: number; watts: number } {
  const { shunt, bus, power, current } = words;
  const fits =
    bus < 0x8000 &&
    Math.abs(current - currentOf(shunt, CALIBRATION)) <= 1 &&
    Math.abs(power - powerOf(current, bus)) <= 1;
  if (!fits) throw deviceFault("protocol", { reason: "contradiction" });
  const ampsPerBit = SHUNT_VOLT / ohms;
  return { volts: bus * BUS_VOLT, amps: current * ampsPerBit, watts: power * 25 * ampsPerBit };
}
