import { deviceFault, type MotionToken, type Redeem } from "../../drivers/contract/index.ts";

/**
 * Tokens of motions. Only `mint` makes one, and only the ledger has `mint`; `redeem` goes to the drivers. A look-alike, a
 * used token and one for another lock or another motion are refused before a byte is written. `retire` ends one whose call has come back,
 * so that a command that still waits somewhere for a line is never sent late; it answers whether the token was never shown
 * to `redeem`: then no byte has left, and none will.
 */
export function tokenMint(): {
  mint(effect: string, device: string, compartment: number, motion?: string): MotionToken;
  redeem: Redeem;
  retire(token: MotionToken): boolean;
} {
  const live = new WeakSet<object>();
  return {
    mint: (effect, device, compartment, motion) => {
      const token = Object.freeze({ effect, device, compartment, motion }) as unknown as MotionToken;
      live.add(token);
      return token;
    },
    retire: (token) => live.delete(token),
    redeem: (token, device, compartment, motion) => {
      const meant = token.device === device && token.compartment === compartment && token.motion === motion;
      if (!live.delete(token) || !meant) {
        throw deviceFault("unauthorised", { device, compartment });
      }
    },
  };
}
