import * as assert from "uvu/assert";
import { Interpreter, type Step } from "../../../drivers/bench/printer/interpreter.ts";
import { conform, subjectOf } from "../../../drivers/conformance/index.ts";
import type { Subject } from "../../../drivers/conformance/rig.ts";
import { seeded } from "../../../drivers/conformance/rig.ts";
import type { PrintDocument, Printed, Printer } from "../../../drivers/contract/index.ts";
import { ok } from "../../../drivers/kit/index.ts";
import {
  confirmation,
  DISCARD,
  documentBytes,
  statusRequest,
} from "../../../drivers/printer/escpos/commands.ts";
import { encode, wrap } from "../../../drivers/printer/escpos/encoding.ts";
import { EscposParser, type Said } from "../../../drivers/printer/escpos/parser.ts";
import { stateOf } from "../../../drivers/printer/escpos/state.ts";
import { suite } from "../../kit.ts";

const { test, run } = suite("escpos", 120_000);
const hex = (text: string) => [...Buffer.from(text.replaceAll(" ", ""), "hex")];
const SETTINGS = { encoding: "gb18030", columns: 32, cutFirst: false } as const;

/** What the bench's own reader makes of bytes. */
function printed(bytes: Uint8Array, encoding: "gb18030" | "big5" = "gb18030"): Step[] {
  const reader = new Interpreter(encoding);
  const steps: Step[] = [];
  let rest = [...bytes];
  for (let found = reader.next(rest); found; found = reader.next(rest)) {
    if (found.step) steps.push(found.step);
    rest = rest.slice(found.used);
  }
  assert.equal(rest, [], "whole commands only");
  return steps;
}

test("commands are those of the reference", () => {
  assert.equal([...statusRequest(4)], hex("10 04 04"));
  assert.equal([...confirmation("tm", "0042")], hex("1D 28 48 06 00 30 30 30 30 34 32"));
  assert.equal([...confirmation("basic", "0042")], hex("1D 72 01"));
  assert.equal([...DISCARD.tm], hex("10 14 08 01 03 14 01 06 02 08"));
  assert.equal([...DISCARD.basic], hex("10 05 02"));
  const bytes = documentBytes({ parts: [{ qr: "AB" }] }, SETTINGS);
  assert.equal(
    [...bytes],
    hex(
      "1B40 1C26 1B6101 1D286B0400 31413200 1D286B0300 314305 1D286B0300 314531 1D286B0500 3150304142 1D286B0300 315130 0A 1D564200",
    ),
  );
});

test("a document as the bench reads it", () => {
  const document: PrintDocument = {
    parts: [
      { text: "收據 Receipt", size: "large", align: "centre" },
      { text: "No. KT01-000042, please keep this with you until the document is there" },
      { qr: "guichet:abc" },
    ],
  };
  assert.equal(printed(documentBytes(document, { ...SETTINGS, cutFirst: true })), [
    { do: "reset" },
    { do: "cut" },
    { do: "line", text: "收據 Receipt" },
    { do: "line", text: "No. KT01-000042, please keep" },
    { do: "line", text: "this with you until the document" },
    { do: "line", text: "is there" },
    { do: "qr", text: "guichet:abc" },
    { do: "line", text: "" },
    { do: "cut" },
  ]);
});

test("Chinese in both codes, and what the font does not have", () => {
  assert.equal(encode("收A", "gb18030"), hex("CA D5 41"));
  assert.equal(encode("收A", "big5"), hex("A6 AC 41"));
  assert.equal(encode("據", "gb18030"), hex("93 FE"));
  assert.equal(encode("\u{1f600}", "big5"), hex("3F"));
  for (const encoding of ["gb18030", "big5"] as const) {
    const text = "證件約需五個工作天備妥";
    const [line] = printed(Uint8Array.of(...encode(text, encoding), 0x0a), encoding);
    assert.equal(line, { do: "line", text });
  }
});

test("no text can be a command: no byte below 0x20 comes out of any character", () => {
  let all = "";
  for (let point = 0; point < 0x11000; point++)
    if (point < 0xd800 || point > 0xdfff) all += String.fromCodePoint(point);
  for (const encoding of ["gb18030", "big5"] as const)
    assert.ok(encode(all, encoding).every((byte) => byte >= 0x20));
});

test("lines fit: words stay whole, Chinese breaks anywhere, a long word is cut", () => {
  assert.equal(wrap("one two three", 8), ["one two", "three"]);
  assert.equal(wrap("證件約需五個", 5), ["證件", "約需", "五個"]);
  assert.equal(wrap("abcdefghij", 4), ["abcd", "efgh", "ij"]);
  assert.equal(wrap("", 4), [""]);
});

test("the four status bytes, and that any one bit that falls over is noticed or means nothing", () => {
  const good = { online: true, paper: "enough", cover: "closed", error: "none" };
  assert.equal(stateOf([0x12, 0x12, 0x12, 0x12]), good);
  assert.equal(stateOf([0x1a, 0x32, 0x12, 0x7e]), { ...good, online: false, paper: "out" });
  assert.equal(stateOf([0x12, 0x12, 0x12, 0x1e]), { ...good, paper: "nearEnd" });
  assert.equal(stateOf([0x1a, 0x16, 0x12, 0x12]), { ...good, online: false, cover: "open" });
  assert.equal(stateOf([0x1a, 0x52, 0x1a, 0x12]), { ...good, online: false, error: "cutter" });
  for (let at = 0; at < 4; at++) {
    for (const bit of [2, 3, 5, 6]) {
      const bytes: [number, number, number, number] = [0x12, 0x12, 0x12, 0x12];
      bytes[at] = 0x12 ^ (1 << bit);
      const state = stateOf(bytes);
      assert.ok(
        state === undefined || JSON.stringify(state) === JSON.stringify(good),
        `byte ${at} bit ${bit}`,
      );
    }
  }
});

test("answers are told apart by their form, whatever stands before them and however they are cut", () => {
  const DONE: Said = { kind: "done", word: "0042" };
  const frame = hex("37 22 30 30 34 32 00");
  const said = (...chunks: number[][]) => {
    const parser = new EscposParser();
    return chunks.flatMap((chunk) => parser.push(Uint8Array.from(chunk)));
  };
  for (let cut = 1; cut < frame.length; cut++)
    assert.equal(said(frame.slice(0, cut), frame.slice(cut)), [DONE]);
  assert.equal(said(hex("12 0F 37 25 00")), [
    { kind: "status", byte: 0x12 },
    { kind: "paper", byte: 0x0f },
    { kind: "discarded" },
  ]);
  assert.equal(
    said(hex("10 00 00 0F 12")),
    [{ kind: "status", byte: 0x12 }],
    "a status that nobody asked for",
  );
  const random = seeded(7);
  for (let i = 0; i < 20_000; i++) {
    const junk = Array.from({ length: Math.floor(random() * 12) }, () => Math.floor(random() * 256));
    // Whole frames within what was torn before: the second one is always found.
    const found = said(junk, frame, frame).filter(({ kind }) => kind === "done");
    assert.ok(
      found.length >= 1 && found.every((one) => one.kind === "done"),
      Buffer.from(junk).toString("hex"),
    );
  }
});

/** The printer's subject with something broken in it. */
async function broken(change: (subject: Subject) => Subject["module"]): Promise<string[]> {
  const subject = await subjectOf("printer.escpos");
  const report = await conform({ ...subject, module: change(subject) });
  return report.findings.map(({ said }) => said);
}

test("mutant: a driver that sends its document twice is caught", async () => {
  const findings = await broken(({ module }) => ({
    create: (settings, tools) =>
      module.create(settings, {
        ...tools,
        ports: {
          ...tools.ports,
          serial: async (port) => {
            const connection = await tools.ports.serial(port);
            const write = async (bytes: Uint8Array) => {
              await connection.write(bytes);
              if (bytes.length > 50) await connection.write(bytes);
            };
            return { ...connection, write };
          },
        },
      }),
  }));
  assert.ok(
    findings.some((said) => /moved \d times with/.test(said)),
    findings.join("; "),
  );
});

test("mutant: a driver that prints without a permission is caught", async () => {
  const findings = await broken(({ module }) => ({
    create: (settings, tools) => module.create(settings, { ...tools, redeem: () => undefined }),
  }));
  assert.ok(
    findings.some((said) => /without a good permission|with 0 permissions/.test(said)),
    findings.join("; "),
  );
});

test("mutant: a driver that calls it printed without the printer's word is caught", async () => {
  const findings = await broken(({ module }) => ({
    create: (settings, tools) => {
      const driver = module.create(settings, tools);
      return {
        ...driver,
        open: async (signal) => {
          const session = await driver.open(signal);
          const { print, ...verbs } = session.verbs as Printer;
          const claimed: Printer["print"] = async (token, document) => {
            const result = await print(token, document);
            return result.ok ? ok<Printed>({ ...result.value, outcome: "presented" }) : result;
          };
          return { ...session, verbs: { ...verbs, print: claimed } };
        },
      };
    },
  }));
  assert.ok(
    findings.some((said) => /claimed presented/.test(said)),
    findings.join("; "),
  );
});

run();
