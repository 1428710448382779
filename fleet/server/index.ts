export { type Centre, type CentreOptions, startCentre } from "./centre.ts";
export { type EligibilityRules, readRules } from "./eligibility.ts";
export type { CentreKeys } from "./keys.ts";
export { centreKeys } from "./keys.ts";
export { OPERATOR_ROLES, type Operator, type OperatorRole } from "./operators.ts";
export { makePki, type Pki, type TlsIdentity } from "./pki.ts";
export { emptyRegister, importRegister, type Matcher, type Person, type Register } from "./register.ts";
export type { UnitRegistration, UnitView } from "./units.ts";
