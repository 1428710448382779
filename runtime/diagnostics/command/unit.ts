import { connect, type Socket } from "node:net";
import type { Static } from "@sinclair/typebox";
import { err, type Fault, ok, type Result } from "../../../drivers/kit/index.ts";
import { type Events, Peer, sensesEvents, socketOf, vaultEvents } from "../../ipc/index.ts";
import { diagnosticFault, diagnosticMethods } from "../messages.ts";

type Methods = typeof diagnosticMethods;
/** What they tell everybody by themselves: it comes here too, and is let pass. */
const EVENTS = { vault: vaultEvents, senses: sensesEvents };
export type Device = Static<Methods["diagnostic.devices"]["answer"]>["devices"][number];

/** One running process of the unit. */
export class Side {
  readonly name: "vault" | "senses";
  readonly #socket: Socket;
  readonly #peer: Peer<Methods, Events, Record<never, never>>;

  constructor(name: Side["name"], socket: Socket) {
    this.name = name;
    this.#socket = socket;
    this.#peer = new Peer(socket, { remote: diagnosticMethods, incoming: EVENTS[name] });
  }

  async ask<K extends keyof Methods & string>(
    method: K,
    body: Static<Methods[K]["request"]>,
  ): Promise<Result<Static<Methods[K]["answer"]>>> {
    const answer = await this.#peer.call(method, body);
    return answer.ok ? ok(answer.value.body) : answer;
  }

  close(): void {
    this.#socket.destroy();
  }
}

/** The processes that can be spoken to, and why others cannot. */
export interface Unit {
  sides: Side[];
  missing: { name: Side["name"]; fault: Fault }[];
}

function connectOnce(path: string): Promise<Result<Socket>> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once("connect", () => resolve(ok(socket)));
    socket.once("error", (error: NodeJS.ErrnoException) => {
      const rights = error.code === "EACCES" || error.code === "EPERM";
      resolve(err(diagnosticFault(rights ? "noRights" : "notRunning", { state: path }, error)));
    });
  });
}

/** Errors: `diagnostic.notRunning` and `diagnostic.noRights`, when none of the processes can be spoken to. */
export async function connectUnit(state: string): Promise<Result<Unit>> {
  const unit: Unit = { sides: [], missing: [] };
  for (const name of ["vault", "senses"] as const) {
    const socket = await connectOnce(socketOf(state, name));
    if (socket.ok) unit.sides.push(new Side(name, socket.value));
    else unit.missing.push({ name, fault: socket.error });
  }
  const [first] = unit.missing;
  return unit.sides.length === 0 && first ? err(first.fault) : ok(unit);
}

/** All devices, by role. */
export async function devicesOf(unit: Unit): Promise<Result<{ side: Side; device: Device; wall: number }[]>> {
  const found: { side: Side; device: Device; wall: number }[] = [];
  for (const side of unit.sides) {
    const answer = await side.ask("diagnostic.devices", {});
    if (!answer.ok) return answer;
    const { devices, wall } = answer.value;
    found.push(...devices.map((device) => ({ side, device, wall })));
  }
  return ok(found.sort((a, b) => (a.device.status.role < b.device.status.role ? -1 : 1)));
}

/** Errors: `diagnostic.unknownRole`. */
export async function sideOf(unit: Unit, role: string): Promise<Result<{ side: Side; device: Device }>> {
  const devices = await devicesOf(unit);
  if (!devices.ok) return devices;
  const found = devices.value.find(({ device }) => device.status.role === role);
  if (found) return ok(found);
  const [missing] = unit.missing;
  return err(missing ? missing.fault : diagnosticFault("unknownRole", { role }));
}
