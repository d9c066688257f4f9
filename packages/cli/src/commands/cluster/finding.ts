/** What is wrong, or worth knowing. */
export type Finding = {
  readonly what: string;
  /** `note`: worth knowing; the cluster is healthy all the same. */
  readonly severity: "critical" | "warning" | "note";
  readonly why: string;
  readonly todo: string;
};
