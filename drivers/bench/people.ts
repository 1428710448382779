import { writeFile } from "node:fs/promises";
import { sha256 } from "../kit/index.ts";
import { BENCH_TEMPLATE_BYTES, BENCH_TEMPLATE_FORMAT, templateOf } from "./templates.ts";

/** What a register knows about a person beside who they are; services decide by it. */
export interface Facts {
  /** `permanent`: permanent identity card; `identity`: card of a resident with limited stay. */
  cardType: "permanent" | "identity";
  /** Chinese citizen, which the passport demands. */
  citizen: boolean;
  /** Right of abode. */
  permanent: boolean;
}

export interface Person {
  /** Name of this person on the bench, e.g. `ada`. */
  id: string;
  /** With its check character, without brackets, e.g. A1234563. */
  number: string;
  /** YYYY-MM-DD. */
  dateOfBirth: string;
  nameEn: string;
  nameZh: string;
  sex: "F" | "M";
  facts: Facts;
  /** Services for which the facts and the age suffice, for the panel and the tests. */
  eligibleFor: string[];
  /** Which look the cameras give this person. */
  face: string;
  /** Seeds of fingers 1-10 of ISO/IEC 19794-2. */
  fingers: ReadonlyMap<number, Uint8Array>;
}

/** One row of people.json, as the centre imports it. */
export interface RegisterRow {
  number: string;
  dateOfBirth: string;
  nameEn: string;
  nameZh: string;
  sex: "F" | "M";
  facts: Facts;
  templates: Record<string, { format: string; data: string }>;
  face: string;
}

type Cast = Omit<Person, "number" | "fingers" | "face">;
const cast = (
  id: string,
  nameEn: string,
  nameZh: string,
  sex: "F" | "M",
  dateOfBirth: string,
  facts: Facts,
  eligibleFor: string[],
): Cast => ({ id, nameEn, nameZh, sex, dateOfBirth, facts, eligibleFor });

const CITIZEN: Facts = { cardType: "permanent", citizen: true, permanent: true };
const ABODE: Facts = { cardType: "permanent", citizen: false, permanent: true };
const LIMITED: Facts = { cardType: "identity", citizen: false, permanent: false };
const BOTH = ["hkic-application", "passport-application"];
const CARD = ["hkic-application"];

/** The cast. Names say that nobody is meant; 測試 means test, 虛構 fictional. */
const CAST: readonly Cast[] = [
  cast("ada", "TESTPERSON, Ada Fictional", "測試愛達", "F", "1984-03-12", CITIZEN, BOTH),
  cast("ben", "TESTPERSON, Ben Fictional", "測試本", "M", "1991-11-30", CITIZEN, BOTH),
  cast("cleo", "SAMPLE, Cleo Invented", "虛構可兒", "F", "1957-07-01", CITIZEN, BOTH),
  cast("dan", "SAMPLE, Dan Invented", "虛構丹", "M", "1976-01-19", ABODE, CARD),
  cast("eve", "NOBODY, Eve Imaginary", "無人伊芙", "F", "1999-05-23", LIMITED, CARD),
  cast("finn", "NOBODY, Finn Imaginary", "無人芬", "M", "1968-09-08", ABODE, CARD),
  cast("gwen", "PLACEHOLDER, Gwen Young", "示例小君", "F", "2013-04-17", CITIZEN, []),
  cast("hugo", "PLACEHOLDER, Hugo Made-Up", "示例雨果", "M", "1949-12-25", CITIZEN, BOTH),
  cast("iris", "EXAMPLE, Iris Unreal", "例子鳶尾", "F", "2001-08-14", CITIZEN, BOTH),
  cast("jack", "EXAMPLE, Jack Unreal", "例子積", "M", "1988-02-29", LIMITED, CARD),
];

/**
 * Check character of an identity card number: the body left-padded to eight characters (space is 36, A is 10),
 * weights 9 to 2; 10 is written A.
 * @param body one or two capital letters and six digits
 */
export function checkCharacter(body: string): string {
  let sum = 0;
  [...body.padStart(8, " ")].forEach((character, i) => {
    sum += (9 - i) * (character === " " ? 36 : Number.parseInt(character, 36));
  });
  const digit = (11 - (sum % 11)) % 11;
  return digit === 10 ? "A" : String(digit);
}

/** People who exist nowhere. Names and dates are fixed; numbers and fingers come from the seed. */
export function makePeople(seed: string | number): Person[] {
  const numbers = new Set<string>();
  return CAST.map((row, i) => {
    let body: string;
    let attempt = 0;
    do {
      const random = sha256("person", String(seed), row.id, String(attempt));
      attempt += 1;
      // No series is set apart for tests: a number may exist, and means nobody here.
      body = `X${String(random.readUInt32BE(0) % 1_000_000).padStart(6, "0")}`;
    } while (numbers.has(body));
    numbers.add(body);
    const fingers = new Map<number, Uint8Array>();
    for (let position = 1; position <= 10; position += 1) {
      fingers.set(position, sha256("finger", String(seed), row.id, String(position)));
    }
    return { ...row, number: body + checkCharacter(body), face: `face-${i + 1}`, fingers };
  });
}

export function registerRows(people: readonly Person[]): RegisterRow[] {
  return people.map(({ number, dateOfBirth, nameEn, nameZh, sex, facts, face, fingers }) => ({
    number,
    dateOfBirth,
    nameEn,
    nameZh,
    sex,
    facts,
    templates: Object.fromEntries(
      [...fingers].map(([position, seed]) => [
        position,
        {
          format: BENCH_TEMPLATE_FORMAT,
          data: Buffer.from(templateOf(seed, BENCH_TEMPLATE_BYTES)).toString("base64"),
        },
      ]),
    ),
    face,
  }));
}

/** Writes the register that the centre imports, as a department would import its own. */
export async function writeRegister(path: string, people: readonly Person[]): Promise<void> {
  await writeFile(path, `${JSON.stringify(registerRows(people), null, 1)}\n`);
}
