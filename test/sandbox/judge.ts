import { readFileSync } from "node:fs";

/** What the hostile program got in one unit's place. */
export type Got = Record<
  "files" | "written" | "sockets" | "devices" | "addresses" | "processes" | "privileges",
  string[]
>;

interface Rights {
  reads: RegExp;
  writes: RegExp;
  sockets: RegExp;
  devices: RegExp;
  addresses: boolean;
  privileges: RegExp;
}

const CONFIGURATION = String.raw`^/var/lib/guichet/(config(\.d)?|committed|answer\.jws|identity\.json|stick\.json)|^/etc/guichet/`;
const NONE = /^$/;
/** V8 compiles, and the helpers of a process are programs too; nothing else is a right of anybody. */
const PROGRAMS = /^(executable memory|a shell|a program by its loader|another of itself)$/;

/** What each process is meant to reach; whatever else it gets is a violation. */
export const RIGHTS: Record<string, Rights> = {
  core: {
    reads: new RegExp(`${CONFIGURATION}|^/var/lib/guichet/(store|keys|inbox)/`),
    writes: /^\/var\/lib\/guichet\/(store|inbox)$|^\/run\/guichet\/(core|screen|faults\/core)$/,
    sockets: /^\/run\/guichet\/(core|vault|senses)\/socket$/,
    devices: NONE,
    addresses: true,
    privileges: PROGRAMS,
  },
  vault: {
    reads: new RegExp(`${CONFIGURATION}|^/var/lib/guichet/(vault/|attestation/senses\\.pub\\.json)`),
    writes: /^\/var\/lib\/guichet\/vault$|^\/run\/guichet\/(vault|faults\/vault)$/,
    sockets: /^\/run\/guichet\/vault\/socket$/,
    devices: /^\/dev\/(gpiochip\d+|i2c-\d+|tty(USB|ACM|AMA)\d+)$/,
    addresses: false,
    privileges: PROGRAMS,
  },
  senses: {
    reads: new RegExp(`${CONFIGURATION}|^/var/lib/guichet/(senses|attestation)/`),
    writes: /^\/var\/lib\/guichet\/(senses|attestation)$|^\/run\/guichet\/(senses|faults\/senses)$/,
    sockets: /^\/run\/guichet\/senses\/socket$/,
    devices: /^\/dev\/(video\d+|media\d+|dma_heap\/.*|i2c-\d+|tty(USB|ACM|AMA)\d+)$/,
    addresses: false,
    privileges: PROGRAMS,
  },
  provisioner: {
    reads: new RegExp(`${CONFIGURATION}|^/var/lib/guichet/(keys|inbox|staging)/`),
    writes:
      /^\/var\/lib\/guichet(\/(config\.d|keys|inbox))?$|^\/run\/guichet\/(restart|provisioner|faults\/provisioner)$/,
    sockets: /^\/run\/guichet\/(core\/socket|stick\.sock)$/,
    devices: /^\/dev\/(sd[a-z]+\d*|gpiochip\d+)$/,
    addresses: false,
    privileges: PROGRAMS,
  },
  console: {
    reads: new RegExp(CONFIGURATION),
    writes: NONE,
    sockets: /^\/run\/guichet\/core\/socket$/,
    devices: /^\/dev\/tty1$/,
    addresses: false,
    privileges: PROGRAMS,
  },
  // The reader of sticks has a descriptor and nothing else, not even a second process.
  stick: {
    reads: NONE,
    writes: NONE,
    sockets: NONE,
    devices: NONE,
    addresses: false,
    privileges: NONE,
  },
};

/**
 * What a unit reached that is not its own.
 * @param allowed the one address, `host:port`, that the core may reach
 * @param owned the device nodes of each unit, where they are known one by one
 */
export function violations(
  unit: string,
  got: Got,
  allowed: string,
  owned?: Readonly<Record<string, readonly string[]>>,
): string[] {
  const rights = RIGHTS[unit];
  if (!rights) throw new TypeError(`no rights are known for ${unit}`);
  const wrong = (list: keyof Got, may: RegExp) =>
    got[list].filter((one) => !may.test(one)).map((one) => `${list}: ${one}`);
  const host = allowed.slice(0, allowed.lastIndexOf(":"));
  const addresses = got.addresses.filter(
    (one) => !(rights.addresses && (one === allowed || one === `udp ${host}`)),
  );
  return [
    ...wrong("files", rights.reads),
    ...wrong("written", rights.writes),
    ...wrong("sockets", rights.sockets),
    ...(owned
      ? got.devices.filter((one) => !owned[unit]?.includes(one)).map((one) => `devices: ${one}`)
      : wrong("devices", rights.devices)),
    ...addresses.map((one) => `addresses: ${one}`),
    ...wrong("processes", NONE),
    ...wrong("privileges", rights.privileges),
  ];
}

/** Reads what `attack.sh` left. @throws when a unit's program did not even run */
export function gotOf(path: string): Got {
  const got = JSON.parse(readFileSync(path, "utf8")) as Got & { failed?: true };
  if (got.failed || !Array.isArray(got.files)) throw new Error(`${path}: the hostile program did not run`);
  return got;
}
