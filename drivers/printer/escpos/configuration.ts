import { Type } from "@sinclair/typebox";
import { oneOf, Role, SerialSchema } from "../../contract/index.ts";

export const EscposConfiguration = Type.Object(
  {
    role: Role,
    driver: Type.Literal("printer.escpos"),
    port: SerialSchema,
    /** `tm` names the document that it has finished (GS ( H); `basic` is asked for its status after it. */
    profile: oneOf("tm", "basic"),
    /** How its Chinese font is addressed. */
    encoding: oneOf("gb18030", "big5"),
    /** Narrow characters a line: 48 or 42 on 80 mm paper, 32 on 58 mm. */
    columns: oneOf(32, 42, 48),
  },
  { additionalProperties: false },
);
