import type { StepKind, StepOf } from "../../../../flows/index.ts";
import type { StepContext, StepResult, StepRun } from "../context.ts";
import { handover } from "./collect.ts";
import { credentials, load } from "./exchange.ts";
import { findCollection } from "./find.ts";
import { fingers, identify } from "./finger.ts";
import { choose, entry, message, notice, review, sign } from "./forms.ts";
import { photo } from "./photo.ts";
import { receipt } from "./receipt.ts";
import { submit } from "./submit.ts";
import { unload } from "./unload.ts";

/** Every kind of step and how it is run: the reviewed code that services are made of. */
const KINDS: { [K in StepKind]: StepRun<StepOf<K>> } = {
  notice,
  choose,
  entry,
  identify,
  fingers,
  photo,
  review,
  sign,
  submit,
  receipt,
  findCollection,
  handover,
  credentials,
  load,
  unload,
  message,
};

export function runStep(context: StepContext): Promise<StepResult> {
  return (KINDS[context.step.kind] as StepRun<typeof context.step>)(context);
}
