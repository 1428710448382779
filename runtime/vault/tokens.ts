import { deviceFault, type MotionToken, type Redeem } from "../../drivers/contract/index.ts";

/**
 * Tokens of motions. Only `mint` makes one, and only the ledger has `mint`; `redeem` goes to the drivers. A look-alike, a
 * used token and one for another lock are refused before a byte is written. `retire` ends one whose call has come back,
 * so that a command that still waits somewhere for a line is never sent late.
 */
export function tokenMint(): {
  mint(effect: string, device: string, compartment: number): MotionToken;
  redeem: Redeem;
  retire(token: MotionToken): void;
} {
  const live = new WeakSet<object>();
  return {
    mint: (effect, device, compartment) => {
      const token = Object.freeze({ effect, device, compartment }) as unknown as MotionToken;
      live.add(token);
      return token;
    },
    retire: (token) => {
      live.delete(token);
    },
    redeem: (token, device, compartment) => {
      if (!live.delete(token) || token.device !== device || token.compartment !== compartment) {
        throw deviceFault("unauthorised", { device, compartment });
      }
    },
  };
}
