/** Where Fabric's own programs are on this machine, if they are. */
import { accessSync, constants, existsSync } from "node:fs";
import { join, resolve } from "node:path";

/** The programs the scenarios use; all are part of Fabric's release archive. */
const PROGRAMS = ["peer", "orderer", "cryptogen", "osnadmin", "discover"] as const;
export type Program = (typeof PROGRAMS)[number] | "configtxlator";

export interface Installation {
  /** Path of a program. */
  program(name: Program): string;
  /** Whether it is there; only `configtxlator` may be missing. */
  has(name: Program): boolean;
  /** Path of the core.yaml that comes with the programs; orderer.yaml lies beside it. */
  readonly coreYaml: string;
}

export type Search =
  | { readonly found: true; readonly installation: Installation }
  | { readonly found: false; readonly reason: string };

/**
 * Looks for Fabric where the environment says: `FABRIC_BIN` names the folder of its programs;
 * `core.yaml` is taken from `FABRIC_CFG_PATH`, else from `../sampleconfig` or `../config` beside
 * that folder.
 */
export function findInstallation(environment: NodeJS.ProcessEnv): Search {
  const { FABRIC_BIN: folder, FABRIC_CFG_PATH: configFolder } = environment;
  if (!folder) {
    const reason =
      `set FABRIC_BIN to the folder of Hyperledger Fabric's ${PROGRAMS.join(", ")}; core.yaml is ` +
      "taken from FABRIC_CFG_PATH, else from ../sampleconfig or ../config beside that folder";
    return { found: false, reason };
  }
  const absent = PROGRAMS.filter((name) => !isExecutable(join(folder, name)));
  if (absent.length > 0) {
    return { found: false, reason: `FABRIC_BIN=${folder} lacks ${absent.join(", ")}` };
  }
  const folders = configFolder
    ? [configFolder]
    : [join(folder, "../sampleconfig"), join(folder, "../config")];
  const coreYaml = folders.map((name) => resolve(name, "core.yaml")).find(existsSync);
  if (coreYaml === undefined) {
    const reason = `there is no core.yaml in ${folders.join(" or ")}: set FABRIC_CFG_PATH`;
    return { found: false, reason };
  }
  const program = (name: Program): string => resolve(folder, name);
  const has = (name: Program): boolean => isExecutable(program(name));
  return { found: true, installation: { program, has, coreYaml } };
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
