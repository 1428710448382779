/**
 * k1, the topic tree. Direction is a level: a unit writes below `up` and reads below `dn` of its own id, nothing else,
 * so that two ACL patterns cover it. Nothing with personal data and no permission is ever retained.
 */
export const up = {
  birth: (unit: string) => `k1/d/${unit}/up/birth`,
  state: (unit: string) => `k1/d/${unit}/up/state`,
  telemetry: (unit: string, group: string) => `k1/d/${unit}/up/tel/${group}`,
  event: (unit: string, cls: string) => `k1/d/${unit}/up/ev/${cls}`,
  manifest: (unit: string, sid: string) => `k1/d/${unit}/up/sub/${sid}/m`,
  chunk: (unit: string, sid: string, n: number) => `k1/d/${unit}/up/sub/${sid}/c/${n}`,
  query: (unit: string, sid: string) => `k1/d/${unit}/up/sub/${sid}/q`,
  ask: (unit: string, qid: string) => `k1/d/${unit}/up/ask/${qid}`,
  authState: (unit: string) => `k1/d/${unit}/up/auth/state`,
  /** What the unit says of itself to whoever provisions it, signed by its own key (provisioning/answer). */
  answer: (unit: string) => `k1/d/${unit}/up/answer`,
} as const;

export const dn = {
  all: (unit: string) => `k1/d/${unit}/dn/#`,
  receipt: (unit: string, sid: string) => `k1/d/${unit}/dn/sub/${sid}/r`,
  answer: (unit: string, qid: string) => `k1/d/${unit}/dn/ask/${qid}`,
  /** Vouchers, releases and assignments; the id is the document's own. */
  auth: (unit: string, aid: string) => `k1/d/${unit}/dn/auth/${aid}`,
  authAck: (unit: string, effect: string) => `k1/d/${unit}/dn/auth/${effect}/ack`,
  /** Part `n`, from 0, of the `of` parts of a bundle. */
  bundle: (unit: string, id: string, n: number, of: number) => `k1/d/${unit}/dn/bundle/${id}/${n}/${of}`,
} as const;

/**
 * The common name of the certificate by which a board asks for its first one, and so its client id. No unit and no host
 * can be called so: on a broker a client takes over from another one of its name.
 */
export const claimName = (device: string): string => `claim.${device}`;

/**
 * Topics of a board that has a name and no certificate yet, known by the number that its maker gave it. The certificate
 * that came with its claim may write `up/answer` and read below `dn`, of its own board, and nothing else.
 */
export const claim = {
  /** The unit's signed answer, with the request for its certificate in it. */
  answer: (device: string) => `k1/claim/${claimName(device)}/up/answer`,
  all: (device: string) => `k1/claim/${claimName(device)}/dn/#`,
  bundle: (device: string, id: string, n: number, of: number) =>
    `k1/claim/${claimName(device)}/dn/bundle/${id}/${n}/${of}`,
} as const;

/** The board that answers on this topic; undefined for any other topic. */
export const claimingBoard = (topic: string): string | undefined =>
  /^k1\/claim\/claim\.([A-Za-z0-9._-]{1,58})\/up\/answer$/.exec(topic)?.[1];

export const HOST_STATE = (host: string) => `k1/host/${host}/state`;

/** Splits a topic of the tree; undefined for anything else. */
export function parseTopic(
  topic: string,
): { unit: string; direction: "up" | "dn"; path: string[] } | undefined {
  const [root, d, unit, direction, ...path] = topic.split("/");
  if (root !== "k1" || d !== "d" || !unit || (direction !== "up" && direction !== "dn") || path.length === 0)
    return undefined;
  return { unit, direction, path };
}
