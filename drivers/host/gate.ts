import {
  deviceFault,
  type Grade,
  type Lifecycle,
  meetsGrade,
  type Purpose,
  type Session,
  type VerbKind,
} from "../contract/index.ts";
import type { Clock, Fault } from "../kit/index.ts";
import type { InterlockBoard } from "./interlocks.ts";

/** What is asked of a device, as far as it decides whether it may be. */
export interface Asked {
  kind: VerbKind;
  purpose: Purpose;
  verb?: string | undefined;
  notAfter?: number | undefined;
  minGrade?: Grade | undefined;
}

export interface GateState {
  role: string;
  clock: Clock;
  lifecycle: Lifecycle;
  session: Session<unknown> | undefined;
  maintenance: boolean;
  interlocks: InterlockBoard | undefined;
  wallClockIsSet(): boolean;
}

/** Why a command is refused at once; nothing when it may wait for its turn. */
export function refusal(state: GateState, asked: Asked): Fault | undefined {
  const { role, session, lifecycle } = state;
  if (lifecycle === "misbound") return deviceFault("misbound", { role });
  if (!session || lifecycle === "stopping") return deviceFault("notReady", { role, lifecycle });
  const { declares, capabilities } = session;
  const declared = asked.verb === undefined ? undefined : declares?.[asked.verb];
  // A verb that moves something must not pass as one that may be repeated.
  if (asked.verb !== undefined && declares && declared?.kind !== asked.kind)
    return deviceFault("unsupported", { role, verb: asked.verb });
  if (asked.minGrade && !meetsGrade(capabilities.grade, asked.minGrade))
    return deviceFault("unsupported", { role, grade: asked.minGrade });
  return hindrance(state, asked);
}

/** Why a command must not begin now; asked again right before it does, since it may have waited. */
export function hindrance(state: GateState, asked: Asked): Fault | undefined {
  const { role, clock, lifecycle } = state;
  if (state.maintenance && asked.purpose !== "staff")
    return deviceFault("notReady", { role, lifecycle, why: "maintenance" });
  if (asked.notAfter !== undefined) {
    if (!state.wallClockIsSet()) return deviceFault("notReady", { role, lifecycle, why: "clock" });
    if (clock.wall() > asked.notAfter) return deviceFault("expired", { role });
  }
  return asked.kind === "actuate" ? forbidden(state, asked.purpose) : undefined;
}

/** Why nothing may move for `purpose` now. */
export function forbidden({ role, interlocks }: GateState, purpose: Purpose): Fault | undefined {
  const by = interlocks?.forbidding(purpose) ?? [];
  return by.length > 0 ? deviceFault("interlocked", { role, by: by.join(",") }) : undefined;
}
