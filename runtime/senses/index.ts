export { type SensesOptions, startSenses } from "./senses.ts";
