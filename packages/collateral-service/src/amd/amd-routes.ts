import { SNP_PRODUCTS } from "@sealserve/attestation";
import { answer } from "../http/answer.ts";
import type { OpenRequest, OpenRoute } from "../http/open-route.ts";
import { RequestError } from "../http/request-error.ts";
import { may, must } from "../http/route.ts";
import type { AmdAnswer } from "./amd-collateral.ts";
import { AMD_MEDIA_TYPES } from "./amd-document.ts";

/** Answers a path of AMD's service; undefined for any other. @throws ProviderError */
export type AnswerAmd = (request: OpenRequest) => Promise<AmdAnswer | undefined>;

const LEVEL = { pattern: /^[0-9]{1,3}$/, read: Number, description: "level of a part of the TCB, 0 to 255" };
const LEVELS = [
  may("fmcSPL", { ...LEVEL, description: `${LEVEL.description}; of Turin alone, where it is required` }),
  ...["blSPL", "teeSPL", "snpSPL", "ucodeSPL"].map((name) => must(name, LEVEL)),
];
const OF_PRODUCT = `of a product: ${SNP_PRODUCTS.join(", ")}`;

/** The paths of AMD's key distribution service, below the same bases. */
export function amdRoutes(answerAmd: AnswerAmd): readonly OpenRoute[] {
  const handle = async (request: OpenRequest) => {
    const found = await answerAmd(request);
    if (found === undefined) {
      throw new RequestError("unknown-path", "AMD's service has no such path");
    }
    return answer(found.document.body, found.mediaType);
  };
  const shared = (["vcek", "vlek"] as const).flatMap((vek): OpenRoute[] => [
    {
      path: `/${vek}/v1/{product}/cert_chain`,
      id: `get${nameOf(vek)}Chain`,
      summary: `The CA of the ${nameOf(vek)}s and the root ${OF_PRODUCT}`,
      parameters: [],
      mediaType: AMD_MEDIA_TYPES["cert-chain"],
      handle,
    },
    {
      path: `/${vek}/v1/{product}/crl`,
      id: `get${nameOf(vek)}RootCrl`,
      summary: `The revocation list of the root ${OF_PRODUCT}`,
      parameters: [],
      mediaType: AMD_MEDIA_TYPES.crl,
      handle,
    },
  ]);
  const certificate = { parameters: LEVELS, mediaType: AMD_MEDIA_TYPES.vcek, handle };
  return [
    ...shared,
    {
      path: "/vlek/v1/{product}/cert",
      id: "getVlek",
      summary: "The VLEK certificate of the cloud provider for a TCB",
      ...certificate,
    },
    {
      path: "/vcek/v1/{product}/{chip}",
      id: "getVcek",
      summary: "The VCEK certificate of a chip for a TCB",
      ...certificate,
    },
  ];
}

function nameOf(vek: "vcek" | "vlek"): string {
  return vek === "vcek" ? "Vcek" : "Vlek";
}
