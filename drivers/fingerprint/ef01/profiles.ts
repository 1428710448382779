/** What differs between the families (R503 manual V1.2.1; ZFM-20 manual). */
export interface Profile {
  model: string;
  imageWidth: number;
  imageHeight: number;
  resolutionDpi: number;
  /** Family of the vendor's templates; with their length it names the format. */
  family: string;
  /** Length of a template where the module neither says it nor has sent one yet, bytes. */
  usualTemplateBytes: number;
  /** Captures that make one template when a finger is enrolled. */
  enrolCaptures: number;
  /** Pages to count on where the module does not say how many it has. */
  leastCapacity: number;
  /**
   * Whether LoadChar and DownChar respect the buffer number. The R503 ignores it, so that 1:1 there goes by a page of its
   * library that is cleared at once and again by `recover`.
   */
  buffersWork: boolean;
  hasAura: boolean;
  /** Whether ReadProdInfo, CheckSensor and the restart by command are there. */
  isR503: boolean;
}

export const PROFILES = {
  r503: {
    model: "R503",
    imageWidth: 192,
    imageHeight: 192,
    resolutionDpi: 508,
    family: "r503",
    usualTemplateBytes: 1536,
    enrolCaptures: 4,
    leastCapacity: 200,
    buffersWork: false,
    hasAura: true,
    isR503: true,
  },
  zfm: {
    model: "ZFM-20",
    imageWidth: 256,
    imageHeight: 288,
    resolutionDpi: 500,
    family: "zfm",
    usualTemplateBytes: 512,
    enrolCaptures: 2,
    leastCapacity: 120,
    buffersWork: true,
    hasAura: false,
    isR503: false,
  },
} as const satisfies Record<string, Profile>;
export type ProfileName = keyof typeof PROFILES;

/** Templates of one family and another length do not compare. */
export const templateFormat = (profile: Profile, bytes: number): string => `ef01-${profile.family}-${bytes}`;
