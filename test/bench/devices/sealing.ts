import { randomBytes } from "node:crypto";
import { newReplyKey, sealSmall } from "../../../fleet/contract/index.ts";

/** Seals 2 MB again and again, as a core does at the end of a visit; says when it has begun. */
const recipient = newReplyKey();
const packet = randomBytes(2_000_000);
for (let i = 0; ; i++) {
  await sealSmall(recipient, packet, `packet ${i}`);
  if (i === 0) process.send?.({ sealing: true });
}
